// SPDX-License-Identifier: Apache-2.0

package web

import (
	"strings"

	"needletail/objstore"
)

// NormalizeETag returns the tag without its pair of quotes, if it has a pair.
func NormalizeETag(tag string) string {
	if len(tag) >= 2 && tag[0] == '"' && tag[len(tag)-1] == '"' {
		return tag[1 : len(tag)-1]
	}
	return tag
}

// MatchesETag reports whether a list in the form of If-Match or If-None-Match
// has the tag or "*". Quotes are ignored. A "W/" prefix has no special meaning.
func MatchesETag(list, etag string) bool {
	etag = NormalizeETag(etag)
	for list != "" {
		var tag string
		tag, list, _ = strings.Cut(list, ",")
		tag = strings.TrimSpace(tag)
		if tag == "" {
			continue
		}
		if tag = NormalizeETag(tag); tag == "*" || tag == etag {
			return true
		}
	}
	return false
}

// Precondition evaluates the conditional headers of a GET or HEAD of an
// existing object, in the order of swob's _get_conditional_response_status. It
// returns 304, 412, or 0 if all conditions hold.
func Precondition(h Header, etag string, modified objstore.Timestamp) int {
	if MatchesETag(h.Get("If-None-Match"), etag) {
		return 304
	}
	// An If-Match line without a value is present and matches nothing.
	if v, ok := h.Lookup("If-Match"); ok && !MatchesETag(v, etag) {
		return 412
	}
	seconds := modified.CeilSeconds()
	if since, ok := ParseHTTPDate(h.Get("If-Modified-Since")); ok && seconds <= since {
		return 304
	}
	if since, ok := ParseHTTPDate(h.Get("If-Unmodified-Since")); ok && seconds > since {
		return 412
	}
	return 0
}

// PreconditionMissing is Precondition for a missing object: only "If-Match: *"
// fails, with 412.
func PreconditionMissing(h Header) int {
	for _, tag := range strings.Split(h.Get("If-Match"), ",") {
		if NormalizeETag(strings.TrimSpace(tag)) == "*" {
			return 412
		}
	}
	return 0
}
