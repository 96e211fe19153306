// SPDX-License-Identifier: Apache-2.0

package checksum

import (
	"crypto/md5"
	"encoding"
	"encoding/binary"
	"hash"
)

// md5Start is the state of an empty MD5 (RFC 1321, 3.3).
var md5Start = [4]uint32{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476}

// plainMD5 is crypto/md5 with access to its state, in the form in which
// crypto/md5 stores the state: "md5" and a byte 1, the four words, big-endian,
// and the bytes of an unfinished block.
type plainMD5 struct {
	hash    hash.Hash
	encoded [4 + 16 + md5.BlockSize + 8]byte
}

func newPlainMD5() *plainMD5 {
	h := &plainMD5{hash: md5.New()}
	copy(h.encoded[:], "md5\x01")
	return h
}

// add adds p, a multiple of md5.BlockSize, to a state.
func (h *plainMD5) add(state *[4]uint32, p []byte) {
	clear(h.encoded[4:])
	for i, word := range state {
		binary.BigEndian.PutUint32(h.encoded[4+4*i:], word)
	}
	// UnmarshalBinary and MarshalBinary do not fail for a state made by
	// crypto/md5.
	if err := h.hash.(encoding.BinaryUnmarshaler).UnmarshalBinary(h.encoded[:]); err != nil {
		panic(err)
	}
	h.hash.Write(p)
	out, err := h.hash.(encoding.BinaryAppender).AppendBinary(h.encoded[:0])
	if err != nil {
		panic(err)
	}
	for i := range state {
		state[i] = binary.BigEndian.Uint32(out[4+4*i:])
	}
}

// resume returns a hash of its own that goes on after a message of n bytes: its
// whole blocks made state, and rest is the remainder.
func resume(state [4]uint32, rest []byte, n int64) hash.Hash {
	h := newPlainMD5()
	for i, word := range state {
		binary.BigEndian.PutUint32(h.encoded[4+4*i:], word)
	}
	copy(h.encoded[4+16:], rest)
	binary.BigEndian.PutUint64(h.encoded[4+16+md5.BlockSize:], uint64(n))
	if err := h.hash.(encoding.BinaryUnmarshaler).UnmarshalBinary(h.encoded[:]); err != nil {
		panic(err) // as in add
	}
	return h.hash
}

// sum returns the digest of a message of n bytes: its whole blocks made state,
// and rest is the remainder.
func (h *plainMD5) sum(state [4]uint32, rest []byte, n int64) (sum [md5.Size]byte) {
	var end [2 * md5.BlockSize]byte
	used := copy(end[:], rest)
	end[used] = 0x80
	length := md5.BlockSize
	if used+1+8 > length {
		length = 2 * md5.BlockSize
	}
	binary.LittleEndian.PutUint64(end[length-8:], uint64(n)*8)
	h.add(&state, end[:length])
	for i, word := range state {
		binary.LittleEndian.PutUint32(sum[4*i:], word)
	}
	return sum
}
