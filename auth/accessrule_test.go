// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"regexp"
	"strings"
	"testing"
)

func TestAccessRules(t *testing.T) {
	f := func(pattern, path string, want bool) {
		t.Helper()
		id := &Identity{AccessRules: []AccessRule{{Service: "image", Method: "GET", Path: "/other"},
			{Service: "object-store", Method: "GET", Path: pattern}}}
		if got := id.MayRequest("object-store", "GET", path); got != want {
			t.Errorf("%s of %s: %v", path, pattern, got)
		}
		if id.MayRequest("object-store", "PUT", path) || id.MayRequest("compute", "GET", path) {
			t.Errorf("%s: another method or service is allowed", path)
		}
	}
	f("/v1/a/c/o", "/v1/a/c/o", true)
	f("/v1/a/c/o", "/v1/a/c/o2", false)
	f("/v1/a/c/o", "/v1/a/c/", false)
	f("/v1/*/c/*", "/v1/a/c/o", true)
	f("/v1/*/c/*", "/v1/a/c/o/p", false)
	f("/v1/*/c/*", "/v1/a/c/", false)
	f("/v1/*/c/*", "/v1//c/o", false)
	f("/v1/{account}/c/{object}", "/v1/a/c/o", true)
	f("/v1/{account}/c/{object}", "/v1/a/b/o", false)
	f("/v1/**", "/v1/a/c/o/p", true)
	f("/v1/**", "/v1/", true)
	f("/v1/**", "/v1", false)
	f("**", "", true)
	f("/v1/**/o", "/v1/a/b/c/o", true)
	f("/v1/*b", "/v1/ab", true)
	f("/v1/{x", "/v1/{x", true)
	f("/v1.0", "/v1x0", false)
	f("***", "", false)
	f("***", "ab", true)

	if !(&Identity{}).MayRequest("x", "GET", "/") {
		t.Error("without rules everything is allowed")
	}
	if (&Identity{AccessRules: []AccessRule{}}).MayRequest("x", "GET", "/") {
		t.Error("an empty list of rules allows nothing")
	}
}

// FuzzPathPattern compares with a regular expression made of the same pattern.
func FuzzPathPattern(f *testing.F) {
	f.Add("/v1/*/c/**", "/v1/a/c/o")
	f.Add("{a}*", "ab")
	f.Add("***", "x")
	f.Fuzz(func(t *testing.T, pattern, path string) {
		if len(pattern)+len(path) > 200 || strings.Contains(path, "\n") {
			return
		}
		expr := regexp.MustCompile(`\{[^}]*\}|\*\*|\*|(?s:.)`).ReplaceAllStringFunc(pattern, func(part string) string {
			switch {
			case part == "**":
				return `(?s:.*)`
			case part == "*" || len(part) > 1 && part[0] == '{':
				return `[^/]+`
			}
			return regexp.QuoteMeta(part)
		})
		want, err := regexp.MatchString(`^`+expr+`$`, path)
		if err != nil {
			return // not UTF-8
		}
		if got := matchPath(pattern, path); got != want && strings.ToValidUTF8(path+pattern, "") == path+pattern {
			t.Errorf("%q of %q: %v", path, pattern, got)
		}
	})
}
