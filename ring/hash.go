// SPDX-License-Identifier: Apache-2.0

package ring

import (
	"crypto/md5"
	"hash"
	"sync"
)

// Hash is the pair of secrets in the hash of every path of a cluster:
// swift_hash_path_prefix and swift_hash_path_suffix of swift.conf.
type Hash struct{ Prefix, Suffix string }

// pathHash has the state of Sum, so that a lookup allocates nothing.
type pathHash struct {
	md5 hash.Hash
	buf []byte
}

var pathHashes = sync.Pool{New: func() any { return &pathHash{md5: md5.New()} }}

// Sum is the MD5 of prefix + "/" + the joined names + suffix, as Swift's
// hash_path (swift/common/utils). An empty object stands for the container, an
// empty container for the account.
func (h Hash) Sum(account, container, object string) [md5.Size]byte {
	p := pathHashes.Get().(*pathHash)
	defer pathHashes.Put(p)
	b := append(p.buf[:0], h.Prefix...)
	b = append(append(b, '/'), account...)
	if container != "" {
		b = append(append(b, '/'), container...)
		if object != "" {
			b = append(append(b, '/'), object...)
		}
	}
	b = append(b, h.Suffix...)
	p.buf = b
	p.md5.Reset()
	p.md5.Write(b)
	var sum [md5.Size]byte
	p.md5.Sum(sum[:0])
	return sum
}
