// SPDX-License-Identifier: Apache-2.0

package checksum

import (
	"crypto/md5"
	"crypto/rand"
	"crypto/sha512"
	"encoding/hex"
	"hash"
	"sync"

	"github.com/zeebo/xxh3"
)

// BlockBytes is the number of bytes under a single xxh3, and so the least that
// a range read takes from the disk. 128 KiB costs 8 bytes in 131,072: 320 KiB
// of checksums for a body of 5 GiB.
const BlockBytes = 128 << 10

// keptBlocksMax is the longest list of block sums kept by a pooled Hash: the
// list of a body of 8 GiB.
const keptBlocksMax = 8 << 30 / BlockBytes

// Digests are the results of one pass over a body.
type Digests struct {
	SizeBytes int64
	MD5       string   // 32 lower-case hex digits
	SHA512    string   // 128 lower-case hex digits, or "" if it was not asked for
	Blocks    []uint64 // xxh3-64 of each block; the last may be shorter
}

// Hash takes the digests of a stream. A Hash comes from New, goes back with
// Release, and belongs to one goroutine at a time.
type Hash struct {
	sizeBytes int64
	lane      lane
	rest      [md5.BlockSize]byte // the last sizeBytes % md5.BlockSize bytes
	noMD5     bool                // token stands in its place
	token     [md5.Size]byte
	sha512    hash.Hash // nil unless asked for
	blocks    []uint64
	block     *xxh3.Hasher // of a block that came in pieces
	filled    int          // bytes in block
}

var hashes = sync.Pool{New: func() any {
	return &Hash{block: xxh3.New(), lane: newLane()}
}}

// New returns an empty Hash. The Hash must be released, with any outcome of the
// stream.
func New(withSHA512 bool) *Hash {
	if !takesMD5 {
		return NewWithoutMD5(withSHA512)
	}
	return newHash(withSHA512)
}

func newHash(withSHA512 bool) *Hash {
	h := hashes.Get().(*Hash)
	h.lane.state = md5Start
	if withSHA512 {
		h.sha512 = sha512.New()
	}
	return h
}

// NewWithoutMD5 returns a Hash whose MD5 is 16 random bytes, which cost
// nothing.
func NewWithoutMD5(withSHA512 bool) *Hash {
	h := newHash(withSHA512)
	h.noMD5 = true
	rand.Read(h.token[:])
	return h
}

// Release ends the use of h. The results of Sum stay valid.
func (h *Hash) Release() {
	h.Wait()
	allLanes.end(&h.lane)
	h.block.Reset()
	if cap(h.blocks) > keptBlocksMax {
		h.blocks = nil
	}
	h.noMD5, h.sha512 = false, nil
	h.sizeBytes, h.filled, h.blocks = 0, 0, h.blocks[:0]
	hashes.Put(h)
}

// Add adds p to the stream and tells the sink when p is done with: maybe before
// Add returns, maybe only after Hurry, Wait or Sum. Until then p must not
// change. Add costs least if the length of every piece but the last is a
// multiple of BlockBytes.
func (h *Hash) Add(p []byte, sink Sink) {
	if h.noMD5 || h.sizeBytes%md5.BlockSize != 0 || len(p)%md5.BlockSize != 0 || len(p) == 0 {
		h.Write(p)
		sink.Hashed()
		return
	}
	h.addOthers(p)
	allLanes.add(&h.lane, piece{p, sink})
}

// Hurry says that the stream goes on only after one more of its sinks is told.
func (h *Hash) Hurry() { allLanes.hurry(&h.lane) }

// Wait returns when all sinks were told.
func (h *Hash) Wait() { allLanes.wait(&h.lane) }

// Write adds p to the stream. Write never fails and does not keep or change p.
// Pieces of multiples of BlockBytes cost least.
func (h *Hash) Write(p []byte) (int, error) {
	if !h.noMD5 {
		h.addMD5(p)
	}
	h.addOthers(p)
	return len(p), nil
}

// addMD5 comes before addOthers, which counts the bytes.
func (h *Hash) addMD5(p []byte) {
	if used := int(h.sizeBytes % md5.BlockSize); used > 0 {
		n := copy(h.rest[used:], p)
		if p = p[n:]; used+n < md5.BlockSize {
			return
		}
		h.lane.addPlain(h.rest[:]) // no piece waits: this one was not whole
	}
	if whole := len(p) &^ (md5.BlockSize - 1); whole > 0 {
		allLanes.add(&h.lane, piece{p[:whole], nil})
		h.Wait()
		p = p[whole:]
	} else if len(p) > 0 {
		h.Wait()
	}
	copy(h.rest[:], p)
}

// addOthers takes all digests but the MD5.
func (h *Hash) addOthers(p []byte) {
	h.sizeBytes += int64(len(p))
	if h.sha512 != nil {
		h.sha512.Write(p)
	}
	for len(p) > 0 {
		if h.filled == 0 && len(p) >= BlockBytes {
			h.blocks = append(h.blocks, xxh3.Hash(p[:BlockBytes]))
			p = p[BlockBytes:]
			continue
		}
		part := min(len(p), BlockBytes-h.filled)
		h.block.Write(p[:part])
		h.filled += part
		p = p[part:]
		if h.filled == BlockBytes {
			h.blocks = append(h.blocks, h.block.Sum64())
			h.block.Reset()
			h.filled = 0
		}
	}
}

// Sum returns the digests of all bytes written so far, and waits for them.
func (h *Hash) Sum() Digests {
	h.Wait()
	allLanes.end(&h.lane)
	sum := h.token
	if !h.noMD5 {
		sum = h.lane.plain.sum(h.lane.state, h.rest[:h.sizeBytes%md5.BlockSize], h.sizeBytes)
	}
	d := Digests{
		SizeBytes: h.sizeBytes,
		MD5:       hex.EncodeToString(sum[:]),
		Blocks:    append(make([]uint64, 0, len(h.blocks)+1), h.blocks...),
	}
	if h.filled > 0 {
		d.Blocks = append(d.Blocks, h.block.Sum64())
	}
	if h.sha512 != nil {
		d.SHA512 = hex.EncodeToString(h.sha512.Sum(nil))
	}
	return d
}

// MD5 returns a hash of its own that goes on after all bytes written so far, and
// waits for them. The Hash goes on too. A Hash without MD5 has no such hash.
func (h *Hash) MD5() hash.Hash {
	h.Wait()
	return resume(h.lane.state, h.rest[:h.sizeBytes%md5.BlockSize], h.sizeBytes)
}

// Block returns the xxh3-64 of a block.
func Block(p []byte) uint64 { return xxh3.Hash(p) }
