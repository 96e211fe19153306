// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"fmt"
	"math"
	"strings"
	"time"

	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// maxDeleteAt is the last second in ten digits. A later time counts as
// maxDeleteAt (swift/common/utils/timestamp.py).
const maxDeleteAt = 9999999999

// deleteAt returns the Unix second of X-Delete-After, or else of X-Delete-At,
// or 0 without both headers (swift/common/constraints.py:
// check_delete_headers).
func deleteAt(h web.Header, now time.Time) (int64, error) {
	if v, ok := h.Lookup("X-Delete-After"); ok {
		after, ok := pythonInt(v)
		if !ok {
			return 0, web.Textf(400, "Non-integer X-Delete-After")
		}
		at := now.Unix() + min(after, maxDeleteAt)
		if at <= now.Unix() {
			return 0, web.Textf(400, "X-Delete-After in past")
		}
		return min(at, maxDeleteAt), nil
	}
	v, ok := h.Lookup("X-Delete-At")
	if !ok {
		return 0, nil
	}
	at, ok := pythonInt(v)
	if !ok {
		return 0, web.Textf(400, "Non-integer X-Delete-At")
	}
	if at <= now.Unix() {
		return 0, web.Textf(400, "X-Delete-At in past")
	}
	return min(at, maxDeleteAt), nil
}

// openExpired reports whether GET, HEAD and POST see an expired object
// (swift/proxy/controllers/obj.py).
func (c *Controllers) openExpired(r call) bool {
	return c.AllowOpenExpired && swift.IsTrue(r.Header.Get("X-Open-Expired"))
}

// formatDeleteAt returns at in at least ten digits.
func formatDeleteAt(at int64) string { return fmt.Sprintf("%010d", at) }

// pythonInt parses an integer as Python's int() does, in base ten and ASCII.
// Values are cut to ±math.MaxInt64/40, so a sum with the time of day fits an
// int64.
func pythonInt(s string) (int64, bool) {
	const limit = math.MaxInt64 / 4
	s = strings.TrimSpace(s)
	negative := strings.HasPrefix(s, "-")
	if negative || strings.HasPrefix(s, "+") {
		s = s[1:]
	}
	var n int64
	digit := false // whether the last character was a digit
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case '0' <= c && c <= '9':
			digit = true
			n = min(n*10+int64(c-'0'), limit/10)
		case c == '_' && digit:
			digit = false
		default:
			return 0, false
		}
	}
	if negative {
		n = -n
	}
	return n, digit
}
