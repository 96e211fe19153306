package checksum

import (
	"crypto/md5"
	"crypto/rand"
	"hash"
)

// token stands where an MD5 would: random bytes, whatever is written.
type token [md5.Size]byte

func newToken() hash.Hash {
	t := new(token)
	rand.Read(t[:])
	return t
}

func (*token) Write(p []byte) (int, error) { return len(p), nil }
func (t *token) Sum(b []byte) []byte       { return append(b, t[:]...) }
func (*token) Reset()                      {}
func (*token) Size() int                   { return md5.Size }
func (*token) BlockSize() int              { return md5.BlockSize }
