// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"crypto/rand"
	"fmt"
)

// NewUUID returns a random UUID, version 4.
func NewUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // crypto/rand.Read does not fail
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// IsUUID says whether s matches the pattern of "id" in Glance's schemas.
func IsUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		switch i {
		case 8, 13, 18, 23:
			if s[i] != '-' {
				return false
			}
		default:
			c := s[i] | 0x20
			if !('0' <= s[i] && s[i] <= '9' || 'a' <= c && c <= 'f') {
				return false
			}
		}
	}
	return true
}
