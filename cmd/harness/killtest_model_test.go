// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
)

// killState is what an object may be: absent (version 0), or the body that its
// key, version and size give, with the number of the last POST.
type killState struct {
	version, posted int
	sizeBytes       int64
}

func (s killState) String() string {
	if s.version == 0 {
		return "absent"
	}
	return fmt.Sprintf("version %d, %d bytes, post %d", s.version, s.sizeBytes, s.posted)
}

// killKey is one object and what its writer knows of it. Only that writer
// touches it, one request after the other.
type killKey struct {
	container, object string
	sure              killState  // as the last answer said
	maybe             *killState // what a request without an answer may have made of it
	versions          int        // versions that were ever sent
}

// allows says whether a state may be what the server kept.
func (k *killKey) allows(s killState) bool {
	return s == k.sure || k.maybe != nil && s == *k.maybe
}

// killBody is the body of a version: the same bytes for the same seed, key,
// version and size, and other ones for any other.
func killBody(seed uint64, k *killKey, s killState) []byte {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %s/%s %d %d", seed, k.container, k.object, s.version, s.sizeBytes))
	body := make([]byte, s.sizeBytes)
	rand.NewChaCha8(sum).Read(body)
	return body
}

func md5Hex(body []byte) string {
	sum := md5.Sum(body)
	return hex.EncodeToString(sum[:])
}

// killSizeBytes draws a length of 1 B to 2 MiB: all orders of magnitude, and
// the neighbours of the threshold between index and files.
func killSizeBytes(rng *rand.Rand, inlineMaxBytes int64) int64 {
	switch rng.IntN(4) {
	case 0:
		return inlineMaxBytes - 2 + rng.Int64N(5)
	case 1:
		return 1 + rng.Int64N(2<<20)
	}
	return 1 + rng.Int64N(1<<(1+rng.IntN(21)))
}

// large counts the objects that lie in a file of their own.
func (l *killLoad) large() (n int64) {
	for _, keys := range l.keys {
		for _, k := range keys {
			if k.sure.sizeBytes > l.inlineMaxBytes {
				n++
			}
		}
	}
	return n
}

// inFlight counts the writes that have no answer.
func (l *killLoad) inFlight() (n int) {
	for _, keys := range l.keys {
		for _, k := range keys {
			if k.maybe != nil {
				n++
			}
		}
	}
	return n
}
