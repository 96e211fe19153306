// SPDX-License-Identifier: Apache-2.0

package acl

import "strings"

// ReferrerAllowed says whether the designations of Parse allow the host of the
// Referer header. The last matching designation decides; without a match the
// answer is no (referrer_allowed).
func ReferrerAllowed(referer string, referrers []string) bool {
	if len(referrers) == 0 {
		return false
	}
	host := refererHost(referer)
	allowed := false
	for _, designation := range referrers {
		pattern, denies := strings.CutPrefix(designation, "-")
		matches := pattern == host ||
			strings.HasPrefix(pattern, ".") && strings.HasSuffix(host, pattern) ||
			pattern == "*" && !denies // Swift knows no "-*"
		if matches {
			allowed = !denies
		}
	}
	return allowed
}

// refererHost returns the host of a URL in lower case, as Python's
// urlparse(referer).hostname does, or "unknown" for a text that Python refuses.
func refererHost(referer string) string {
	const unknown = "unknown"
	rest := strings.Trim(referer, space)
	if scheme, after, ok := strings.Cut(rest, ":"); ok && isScheme(scheme) {
		rest = after
	}
	rest, ok := strings.CutPrefix(rest, "//")
	if !ok {
		return unknown
	}
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		rest = rest[:i]
	}
	rest = rest[strings.LastIndexByte(rest, '@')+1:] // the user is not the host
	host, _, _ := strings.Cut(rest, ":")
	if bracketed, ok := strings.CutPrefix(rest, "["); ok {
		if host, _, ok = strings.Cut(bracketed, "]"); !ok {
			return unknown
		}
	}
	if host == "" {
		return unknown
	}
	return strings.ToLower(host)
}

// isScheme says whether s is the scheme of a URL (RFC 3986, section 3.1).
func isScheme(s string) bool {
	for i := range len(s) {
		letter := 'a' <= s[i]|0x20 && s[i]|0x20 <= 'z'
		if !letter && (i == 0 || !strings.ContainsRune("0123456789+-.", rune(s[i]))) {
			return false
		}
	}
	return s != ""
}
