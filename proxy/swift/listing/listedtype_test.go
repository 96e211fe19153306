// SPDX-License-Identifier: Apache-2.0

package listing

import (
	"strings"
	"testing"
)

// The expected values are those of a running Swift.
func TestListedContentType(t *testing.T) {
	for contentType, want := range map[string]string{
		"text/plain":                            "text/plain",
		"text/plain; charset=UTF-8":             "text/plain;charset=UTF-8",
		`text/plain; charset=UTF-8; foo="a b" `: `text/plain;charset=UTF-8;foo="a b"`,
		`a/b ; c = "d;e" ;f`:                    `a/b ;c="d;e";f=`,
		"a/b;":                                  "a/b",
		"a/b; c":                                "a/b;c=",
		"a/b;c=d/e":                             "a/b;c=d",
		`a/b;c="d;e`:                            "a/b;c=;e=",
		";;=;x=\"\\\"\";ü=y":                    `;x="\"";ü=y`,
		"":                                      "",
		"a/b" + strings.Repeat(" ; x = y (c)", 2): "a/b ;x=y;x=y",
	} {
		if got := ContentType(contentType); got != want {
			t.Errorf("%q: %q, want %q", contentType, got, want)
		}
	}
}

func FuzzListedContentType(f *testing.F) {
	f.Add(`a/b ; c = "d;e" ;f`)
	f.Add(`a/b;c="\`)
	f.Fuzz(func(t *testing.T, contentType string) {
		once := ContentType(contentType)
		if twice := ContentType(once); twice != once {
			t.Fatalf("%q becomes %q, then %q", contentType, once, twice)
		}
	})
}
