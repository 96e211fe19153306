// SPDX-License-Identifier: Apache-2.0

package acl

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"":                        "",
		" , ,":                    "",
		"bob , sue":               "bob,sue",
		"bob,,,sue":               "bob,sue",
		".referrer : *":           ".r:*",
		".ref:*.example.com":      ".r:.example.com",
		".referer:-*.example.com": ".r:-.example.com",
		".r: - thief":             ".r:-thief",
		".r:*, .rlistings":        ".r:*,.rlistings",
		".r:.":                    "!No host/domain value after referrer designation in ACL: '.r:.'",
		".r:":                     "!No host/domain value after referrer designation in ACL: '.r:'",
		"a,.r:- ,b":               "!No host/domain value after referrer designation in ACL: '.r:-'",
		".r:*.":                   "!No host/domain value after referrer designation in ACL: '.r:*.'",
		".x:'y":                   `!Unknown designator '.x' in ACL: ".x:'y"`,
		`.x:'"\`:                  `!Unknown designator '.x' in ACL: '.x:\'"\\'`,
		".x:\x01\t\n\rä":          `!Unknown designator '.x' in ACL: '.x:\x01\t\n\rä'`,
		"test : x , *:*":          "test : x,*:*",
		":a":                      ":a",
		".rlistings":              ".rlistings",
		"süd:ost":                 "süd:ost",
	} {
		got, err := Clean("X-Container-Read", in)
		if message, fails := strings.CutPrefix(want, "!"); fails {
			require.EqualError(t, err, message, "%q", in)
			continue
		}
		require.NoError(t, err, "%q", in)
		require.Equal(t, want, got, "%q", in)
	}
}

func TestCleanOfWriteACL(t *testing.T) {
	_, err := Clean("x-container-WRITE", "bob, .ref:*")
	require.EqualError(t, err, "Referrers not allowed in write ACL: '.ref:*'")
	_, err = Clean("X-Container-Write", ".foo:*")
	require.EqualError(t, err, "Unknown designator '.foo' in ACL: '.foo:*'")
	got, err := Clean("X-Container-Write", "bob, .rlistings")
	require.NoError(t, err)
	require.Equal(t, "bob,.rlistings", got)
}

func TestParse(t *testing.T) {
	referrers, groups := Parse("")
	require.Empty(t, referrers)
	require.Empty(t, groups)
	referrers, groups = Parse(".r:*,bob,.r:-.thief,a%3Ab%2,.rlistings")
	require.Equal(t, []string{"*", "-.thief"}, referrers)
	require.Equal(t, []string{"bob", "a:b%2", ".rlistings"}, groups)
}

func TestReferrerAllowed(t *testing.T) {
	const good = "http://user:pw@www.Example.com:8080/x"
	for _, c := range []struct {
		referer, acl string
		want         bool
	}{
		{good, "", false},
		{good, ".r:*", true},
		{"", ".r:*", true},
		{good, ".r:www.example.com", true},
		{good, ".r:example.com", false},
		{good, ".r:.example.com", true},
		{"http://example.com", ".r:.example.com", false},
		{"http://badexample.com", ".r:.example.com", false},
		{good, ".r:*,.r:-www.example.com", false},
		{good, ".r:-www.example.com,.r:*", true},
		{good, ".r:*,.r:-.example.com,.r:www.example.com", true},
		{good, ".r:*,.r:-*", true},
		{good, ".r:-www.example.com", false},
		{"", ".r:unknown", true},
		{"http://a@good.org@evil.org/", ".r:good.org", false},
		{"http://a@good.org@evil.org/", ".r:evil.org", true},
		{"http://evil.org/@good.org", ".r:good.org", false},
		{"http://evil.org?@good.org", ".r:good.org", false},
		{"http://evil.org#@good.org", ".r:good.org", false},
		{"//good.org/x", ".r:good.org", true},
		{"good.org", ".r:good.org", false},
		{"http:good.org", ".r:good.org", false},
		{"1ttp://good.org", ".r:good.org", false},
		{"http://[::1]:80/", ".r:::1", true},
		{"http://[::1", ".r:::1", false},
	} {
		referrers, _ := Parse(c.acl)
		require.Equal(t, c.want, ReferrerAllowed(c.referer, referrers), "%q %q", c.referer, c.acl)
	}
}

func TestParseAccountACL(t *testing.T) {
	for in, want := range map[string]string{
		"":                                   "",
		"{}":                                 "",
		` { } `:                              "",
		`{"admin":[]}`:                       `{"admin":[]}`,
		`{"read-only": ["b"],"admin":["a"]}`: `{"admin":["a"],"read-only":["b"]}`,
		`{"read-write":["ä","\u00e4","😀","\b\n\u007f\u0001\"\\/"]}`: `{"read-write":["\u00e4","\u00e4","\ud83d\ude00","\b\n\u007f\u0001\"\\/"]}`,
		`{"admin":["a"],"admin":["b"]}`:                             `{"admin":["b"]}`,
		"yuck":                                                      "!Syntax error in input ('yuck')",
		"[]":                                                        "!Syntax error in input ('[]')",
		"null":                                                      "!Syntax error in input ('null')",
		`{"admin":[]} x`:                                            `!Syntax error in input ('{"admin":[]} x')`,
		`{"admin":[]`:                                               `!Syntax error in input ('{"admin":[]')`,
		"{\"admin\":[\"\xff\"]}":                                    "!Syntax error in input ('{\"admin\":[\"\xff\"]}')",
		`{"x\u00e4":1,"admin":2}`:                                   `!Key "x\u00e4" not recognized`,
		`{"Admin":[]}`:                                              `!Key "Admin" not recognized`,
		`{"read-only":1,"admin":"a"}`:                               `!Value for key "admin" must be a list`,
		`{"admin":null}`:                                            `!Value for key "admin" must be a list`,
		`{"read-write":["a",1]}`:                                    `!Elements of "read-write" list must be strings`,
		`{"read-only":[null]}`:                                      `!Elements of "read-only" list must be strings`,
	} {
		a, err := ParseAccountACL(in)
		if message, fails := strings.CutPrefix(want, "!"); fails {
			require.EqualError(t, err, message, "%q", in)
			continue
		}
		require.NoError(t, err, "%q", in)
		require.Equal(t, want, a.String(), "%q", in)
	}
}

func TestMatches(t *testing.T) {
	require.True(t, Matches([]string{"a", "b"}, []string{"x", "b"}))
	require.False(t, Matches([]string{"a"}, []string{"A", "a:b"}))
	require.False(t, Matches([]string{""}, []string{""}), "an empty name is nobody")
	require.False(t, Matches(nil, []string{"a"}))
}

func FuzzClean(f *testing.F) {
	for _, s := range []string{"", ".r:*,.rlistings", ".ref : - *.a", "a%zz,b", ".r:-", "'\"\\", "\xff,.x:"} {
		f.Add("X-Container-Read", s)
	}
	f.Fuzz(func(t *testing.T, name, value string) {
		once, err := Clean(name, value)
		if err != nil {
			return
		}
		again, err := Clean(name, once)
		require.NoError(t, err)
		require.Equal(t, once, again)
		require.LessOrEqual(t, len(once), len(value))
		Parse(once)
	})
}

func FuzzReferrerAllowed(f *testing.F) {
	f.Add("http://a.b:80/", ".r:.b,.r:-a.b")
	f.Add("//[::1]@x", ".r:*")
	f.Fuzz(func(t *testing.T, referer, list string) {
		referrers, _ := Parse(list)
		if ReferrerAllowed(referer, referrers) {
			require.NotEmpty(t, referrers)
			require.False(t, ReferrerAllowed(referer, append(referrers, "-"+refererHost(referer))))
		}
	})
}

func FuzzParseAccountACL(f *testing.F) {
	for _, s := range []string{"", "{}", `{"admin":["a"],"read-only":[]}`, `{"admin":[1]}`, `{"a":`, "{\"admin\":[\"\xff\"]}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, value string) {
		a, err := ParseAccountACL(value)
		if err != nil {
			return
		}
		canonical := a.String()
		b, err := ParseAccountACL(canonical)
		require.NoError(t, err)
		require.Equal(t, canonical, b.String())
		for _, c := range []byte(canonical) {
			require.True(t, ' ' <= c && c <= '~')
		}
	})
}
