// SPDX-License-Identifier: Apache-2.0

package web

import (
	"slices"
	"strings"
	"testing"
)

func TestBestAccept(t *testing.T) {
	const bad = "bad"
	for header, want := range map[string]string{
		"":                             "text/plain",
		"*/*":                          "text/plain",
		"application/*":                "application/json",
		"*/xml":                        "application/xml",
		"text/xml, */*;q=0.9":          "text/xml",
		"*/*, text/xml":                "text/xml", // exact beats globs of the same quality
		"application/json;q=0":         "application/json",
		"text/plain;q=0.1,text/xml":    "text/xml",
		" text/xml ; q = 0.5 ":         "text/xml",
		`text/xml;a="b\"c"`:            "text/xml",
		`text/xml;a="b,c"`:             bad, // split at the comma first
		`text/xml;a="b;c"`:             bad,
		"text/xml;q":                   bad,
		"text/xml;q=x":                 bad,
		"text/xml;q=1;q=1":             bad,
		"text":                         bad,
		"text/":                        bad,
		"text/xml,":                    bad,
		"text/xml x":                   bad,
		"TEXT/XML":                     "",
		"image/png":                    "",
		"text/html,application/xml;q=": bad,
	} {
		got, err := BestAccept(header, offers...)
		if err != nil {
			got = bad
		}
		if got != want {
			t.Errorf("%q: %q, want %q", header, got, want)
		}
	}
}

func FuzzBestAccept(f *testing.F) {
	for _, s := range []string{"*/*", "text/xml;q=0.5", `a/b;c="d\""`, "a/b;q=1e300", strings.Repeat(`a/b;c="`, 20)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, header string) {
		got, err := BestAccept(header, offers...)
		if err != nil && ErrorResponse(err).Status != 400 {
			t.Fatal(err)
		}
		if got != "" && !slices.Contains(offers, got) {
			t.Fatalf("%q", got)
		}
	})
}

// offers are what a listing may be.
var offers = []string{"text/plain", "application/json", "application/xml", "text/xml"}
