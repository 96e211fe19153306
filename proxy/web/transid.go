// SPDX-License-Identifier: Apache-2.0

package web

import (
	"math/rand/v2"
	"time"
)

// NewTransID returns the transaction id of a request that came now: "tx", 21
// random hex digits, "-", ten hex digits of Unix time, and the client's
// X-Trans-Id-Extra, quoted and cut to 32 bytes (swift/common/utils:
// generate_trans_id). The id is no secret.
func NewTransID(now time.Time, extra string) string {
	var b [2 + 21 + 1 + 10]byte
	b[0], b[1], b[23] = 't', 'x', '-'
	putHex(b[2:18], rand.Uint64())
	putHex(b[18:23], rand.Uint64())
	putHex(b[24:], uint64(now.Unix()))
	if extra != "" {
		return string(b[:]) + Quote("-"+extra[:min(len(extra), 32)])
	}
	return string(b[:])
}

// putHex fills dst with the last hex digits of v.
func putHex(dst []byte, v uint64) {
	for i := len(dst) - 1; i >= 0; i-- {
		dst[i] = "0123456789abcdef"[v&15]
		v >>= 4
	}
}
