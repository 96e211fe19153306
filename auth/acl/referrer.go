package acl

import "strings"

// ReferrerAllowed says whether the Referer header's host is let in by the
// designations of Parse. The last one that matches decides; none matching
// denies (referrer_allowed).
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

// refererHost is the host of a URL in lower case, as Python's
// urlparse(referer).hostname has it, or "unknown". A referer that Python
// refuses to parse is unknown too.
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

func isScheme(s string) bool {
	for i := range len(s) {
		letter := 'a' <= s[i]|0x20 && s[i]|0x20 <= 'z'
		if !letter && (i == 0 || !strings.ContainsRune("0123456789+-.", rune(s[i]))) {
			return false
		}
	}
	return s != ""
}
