// SPDX-License-Identifier: Apache-2.0

package web

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// acceptRange is an element of an Accept header.
type acceptRange struct {
	kind, subkind string
	quality       float64
}

// exact reports whether the range names a single type.
func (a acceptRange) exact() bool { return a.kind != "*" && a.subkind != "*" }

// matches reports whether the range includes the offer.
func (a acceptRange) matches(offer string) bool {
	kind, subkind, _ := strings.Cut(offer, "/")
	return (a.kind == "*" || a.kind == kind) && (a.subkind == "*" || a.subkind == subkind)
}

// BestAccept returns the offer that an Accept header prefers, or "" if the
// header accepts no offer. An empty header prefers the first offer. A header
// with a syntax error is 400. BestAccept accepts the grammar of swob's Accept
// expressions, in a single pass and without backtracking. Like swob, it does
// not read q=0 as "never".
func BestAccept(header string, offers ...string) (string, error) {
	if header == "" {
		return offers[0], nil
	}
	var ranges []acceptRange
	for _, element := range strings.Split(header, ",") {
		a, ok := parseAccept(element)
		if !ok {
			return "", Statusf(400, "Invalid Accept header")
		}
		ranges = append(ranges, a)
	}
	slices.SortStableFunc(ranges, func(a, b acceptRange) int {
		switch {
		case a.quality != b.quality && a.quality > b.quality:
			return -1
		case a.quality != b.quality:
			return 1
		case a.exact() == b.exact():
			return 0
		case a.exact():
			return -1
		}
		return 1
	})
	for _, a := range ranges {
		for _, offer := range offers {
			if a.matches(offer) {
				return offer, nil
			}
		}
	}
	return "", nil
}

// parseAccept parses an element of an Accept header. ok is false for a syntax
// error.
func parseAccept(s string) (a acceptRange, ok bool) {
	a.quality = 1
	a.kind, s = CutToken(TrimSpace(s))
	if a.kind == "" || !strings.HasPrefix(s, "/") {
		return a, false
	}
	a.subkind, s = CutToken(s[1:])
	if a.subkind == "" {
		return a, false
	}
	seenQ := false
	for s = TrimSpace(s); s != ""; s = TrimSpace(s) {
		var name, value string
		if name, value, s, ok = cutParameter(s); !ok {
			return a, false
		}
		if name != "q" {
			continue
		}
		q, err := strconv.ParseFloat(value, 64)
		if err != nil || seenQ || math.IsNaN(q) {
			return a, false
		}
		a.quality, seenQ = q, true
	}
	return a, true
}

// cutParameter cuts ";name=value" from the front of s. Like swob, it refuses a
// quoted value with ';' or '='.
func cutParameter(s string) (name, value, rest string, ok bool) {
	if s[0] != ';' {
		return "", "", "", false
	}
	name, s = CutToken(TrimSpace(s[1:]))
	s = TrimSpace(s)
	if name == "" || !strings.HasPrefix(s, "=") {
		return "", "", "", false
	}
	s = TrimSpace(s[1:])
	if !strings.HasPrefix(s, `"`) {
		value, s = CutToken(s)
		return name, value, s, value != ""
	}
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case ';', '=':
			return "", "", "", false
		case '"':
			return name, s[:i+1], s[i+1:], true
		}
	}
	return "", "", "", false
}

// CutToken cuts an RFC 2616 token from the front of s. Bytes above ASCII belong
// to a token, as in swob.
func CutToken(s string) (token, rest string) {
	i := 0
	for i < len(s) && s[i] > ' ' && s[i] != 0x7f && !strings.ContainsRune(`()<>@,;:"/[]?={}`, rune(s[i])) {
		i++
	}
	return s[:i], s[i:]
}

// TrimSpace returns s without ASCII white space at both ends.
func TrimSpace(s string) string { return strings.Trim(s, " \t\r\n\v\f") }
