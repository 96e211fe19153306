// SPDX-License-Identifier: Apache-2.0

package encryption

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/md5"
	"crypto/sha512"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"io"
)

const (
	keyBytes = 32
	ivBytes  = aes.BlockSize
)

// newStream is the key stream from a byte of the body on: the IV is the
// counter of the first block.
func newStream(key [keyBytes]byte, iv [ivBytes]byte, offset int64) (cipher.Stream, error) {
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, err
	}
	low := binary.BigEndian.Uint64(iv[8:])
	sum := low + uint64(offset)/aes.BlockSize
	if sum < low {
		binary.BigEndian.PutUint64(iv[:8], binary.BigEndian.Uint64(iv[:8])+1)
	}
	binary.BigEndian.PutUint64(iv[8:], sum)
	stream := cipher.NewCTR(block, iv[:])
	var skipped [aes.BlockSize]byte
	skip := skipped[:offset%aes.BlockSize]
	stream.XORKeyStream(skip, skip)
	return stream, nil
}

// encrypter gives a body's ciphertext and takes the sums of the plaintext, in
// the reader's own buffer.
type encrypter struct {
	src    io.Reader
	stream cipher.Stream
	md5    hash.Hash
	sha512 hash.Hash // or nil
}

func newEncrypter(src io.Reader, b *secretBody, withSHA512 bool) (*encrypter, error) {
	stream, err := newStream(b.key, b.iv, 0)
	if err != nil {
		return nil, err
	}
	e := &encrypter{src: src, stream: stream, md5: md5.New()}
	if withSHA512 {
		e.sha512 = sha512.New()
	}
	return e, nil
}

func (e *encrypter) Read(p []byte) (int, error) {
	n, err := e.src.Read(p)
	if n < 0 || n > len(p) {
		return n, err // the store refuses such a reader
	}
	read := p[:n]
	e.md5.Write(read)
	if e.sha512 != nil {
		e.sha512.Write(read)
	}
	e.stream.XORKeyStream(read, read)
	return n, err
}

func (e *encrypter) sums() (md5Hex, sha512Hex string) {
	md5Hex = hex.EncodeToString(e.md5.Sum(nil))
	if e.sha512 != nil {
		sha512Hex = hex.EncodeToString(e.sha512.Sum(nil))
	}
	return
}

// decrypter gives plaintext, in the reader's own buffer.
type decrypter struct {
	src    io.Reader
	stream cipher.Stream
}

func (d *decrypter) Read(p []byte) (int, error) {
	n, err := d.src.Read(p)
	d.stream.XORKeyStream(p[:n], p[:n])
	return n, err
}

// failing is a reader that cannot begin.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
