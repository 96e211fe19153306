// SPDX-License-Identifier: Apache-2.0

package swiftconf

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestINI has the rules of Python's configparser that show in a swift.conf.
func TestINI(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want string // of option o in section s
	}{
		"plain":                            {"[s]\no = v\n", "v"},
		"colon":                            {"[s]\no: v\n", "v"},
		"the first delimiter counts":       {"[s]\no = a:b=c\n", "a:b=c"},
		"no space":                         {"[s]\no=v", "v"},
		"upper case":                       {"[s]\nO = V\n", "V"},
		"spaces around":                    {"[s]\no \t =\t v \n", "v"},
		"empty value":                      {"[s]\no =\n", ""},
		"comments":                         {"# o = a\n[s]\n; o = a\no = v\n  # o = a\n", "v"},
		"no comment behind a value":        {"[s]\no = v # w ; x\n", "v # w ; x"},
		"continued":                        {"[s]\no = v\n  w\n\tx\n", "v\nw\nx"},
		"continued behind a comment":       {"[s]\no = v\n# c\n w\n", "v\nw"},
		"continued behind an empty line":   {"[s]\no = v\n\n w\n", "v\n\nw"},
		"empty lines at the end":           {"[s]\no = v\n\n\n[t]\n", "v"},
		"a continuation that looks so":     {"[s]\no = v\n [t]\n p = w\n", "v\n[t]\np = w"},
		"indented options":                 {"  [s]\n  o = v\n  p = w\n", "v"},
		"deeper than the option":           {"  [s]\n  o = v\n   p = w\n", "v\np = w"},
		"dedent":                           {"[s]\n  o = v\n p = w\n", "v"},
		"CR LF":                            {"[s]\r\no = v\r\np = w\r\n", "v"},
		"CR":                               {"[s]\ro = v\rp = w\r", "v"},
		"text behind a header":             {"[s] # c\no = v\n", "v"},
		"a default":                        {"[DEFAULT]\no = v\n[s]\n", "v"},
		"over a default":                   {"[DEFAULT]\no = v\n[s]\no = w\n", "w"},
		"defaults twice":                   {"[DEFAULT]\no = v\n[s]\n[DEFAULT]\np = w\n", "v"},
		"a percent sign":                   {"[s]\no = a%%b\n", "a%b"},
		"another option":                   {"[s]\no = <%(P)s>\np = w\n", "<w>"},
		"another option of the defaults":   {"[DEFAULT]\np = w\n[s]\no = %(p)s%(p)s\n", "ww"},
		"options within options":           {"[s]\no = %(p)s\np = %(q)s%%\nq = w\n", "w%"},
		"spaces of Latin-1":                {"[s]\no = \xa0v\x85\x1f\n", "v"},
		"bytes that are no UTF-8":          {"[s]\no = \xff\xfev\n", "\xff\xfev"},
		"UTF-8 that ends in a Latin space": {"[s]\no = à\n", "\xc3"},
		"a header with brackets":           {"[s]]\no = a\n[s]\no = v\n", "v"},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := parseINI(c.text)
			require.NoError(t, err)
			got, ok, err := f.get("s", "o")
			require.NoError(t, err)
			require.True(t, ok)
			require.Equal(t, c.want, got)
		})
	}
}

func TestINIFaults(t *testing.T) {
	for name, c := range map[string]struct{ text, says string }{
		"an option before a section": {"o = v\n", "line 1: "},
		"a mark of byte order":       {"\xef\xbb\xbf[s]\no = v\n", "line 1: "},
		"no delimiter":               {"[s]\no v\n", "line 2: "},
		"an empty header":            {"[s]\n[]\n", "line 2: "},
		"no name":                    {"[s]\n= v\n", "line 2: "},
		"a section twice":            {"[s]\n[t]\n[s]\n", `line 3: swift.conf is malformed: section "s" is there twice`},
		"an option twice":            {"[s]\no = v\nO = v\n", `option "o" is twice in section "s"`},
		"a default twice":            {"[DEFAULT]\no = v\n[DEFAULT]\no = v\n", `option "o" is twice`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parseINI(c.text)
			require.ErrorIs(t, err, ErrSyntax)
			require.ErrorContains(t, err, c.says)
		})
	}
	for name, value := range map[string]string{
		"a single percent sign": "a%b", "at the end": "a%", "no end": "%(p", "no s": "%(p)d", "no name": "%()s",
		"a bracket in a name": "%(p)q)s", "nobody's option": "%(x)s", "itself": "%(o)s", "the other, and back": "%(q)s",
	} {
		t.Run(name, func(t *testing.T) {
			f, err := parseINI("[s]\no = " + value + "\np = w\nq = %(o)s\n")
			require.NoError(t, err)
			_, _, err = f.get("s", "o")
			require.ErrorIs(t, err, ErrSyntax)
			require.ErrorContains(t, err, `section "s", option "o"`)
		})
	}
}

// TestINIAbsent: an option that is not there is no error.
func TestINIAbsent(t *testing.T) {
	f, err := parseINI("[DEFAULT]\no = %(x)s\n[s]\n")
	require.NoError(t, err)
	for _, section := range []string{"s", "t"} {
		_, ok, err := f.get(section, "p")
		require.NoError(t, err)
		require.False(t, ok)
	}
	_, ok, err := f.get("t", "o")
	require.NoError(t, err)
	require.False(t, ok, "a section that is not there has no defaults")
}

func TestINIBounds(t *testing.T) {
	text := "[s]\no = " + strings.Repeat("v", maxConfBytes-8)
	_, err := parseINI(text)
	require.NoError(t, err)
	_, err = parseINI(text + "v")
	require.ErrorIs(t, err, ErrSyntax)
	_, err = Parse([]byte(text + "v"))
	require.ErrorContains(t, err, "more than")

	value := func(text string) error {
		f, err := parseINI(text)
		require.NoError(t, err)
		_, _, err = f.get("s", "o")
		return err
	}
	long := strings.Repeat("v", maxValueBytes)
	require.NoError(t, value("[s]\no = "+long))
	require.ErrorContains(t, value("[s]\no = "+long+"v"), "longer than")
	require.NoError(t, value("[s]\no = %(p)s\np = "+long))
	require.ErrorContains(t, value("[s]\no = %(p)s%%\np = "+long), "longer than")

	chain := func(n int) string {
		text := "[s]\no = %(x1)s\n"
		for i := 1; i < n; i++ {
			text += fmt.Sprintf("x%d = %%(x%d)s\n", i, i+1)
		}
		return text + fmt.Sprintf("x%d = v\n", n)
	}
	require.NoError(t, value(chain(maxValueDepth)))
	require.ErrorContains(t, value(chain(maxValueDepth+1)), "nested")

	// Values that are empty in the end cost time, and no bytes.
	bomb := "[s]\no = %(a)s\nz =\n"
	for i, name := range "abcdefgh" {
		bomb += string(name) + " = " + strings.Repeat("%("+"bcdefghz"[i:i+1]+")s", 100) + "\n"
	}
	require.ErrorContains(t, value(bomb), "names are replaced")
	names := strings.Repeat("%(z)s", maxValueBytes)
	require.NoError(t, value("[s]\no = "+names+"\nz =\n"))
	require.ErrorContains(t, value("[s]\no = "+names+"%(z)s\nz =\n"), "names are replaced")
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(sample))
	f.Add([]byte("[swift-hash]\nswift_hash_path_suffix = %(a)s%%\na = b\n c\n[storage-policy:0]\nname = x\n"))
	f.Add([]byte("[DEFAULT]\na: b\r[s]\r\n= c"))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := Parse(text)
		if err != nil {
			return
		}
		require.NotEqual(t, "", c.Hash.Prefix+c.Hash.Suffix)
		require.NoError(t, c.StorePolicies().Validate())
		require.LessOrEqual(t, len(c.Policies), maxPolicies)
		for _, p := range c.Policies {
			require.True(t, p.Writable() || p.Deprecated)
			require.LessOrEqual(t, p.Replicas(), maxFragments*maxDuplication)
		}
	})
}
