// SPDX-License-Identifier: Apache-2.0

package swift

import (
	"strings"
	"testing"
	"unicode/utf8"

	"needletail/proxy/web"
)

func TestSplitPath(t *testing.T) {
	for _, tc := range []struct {
		path   string
		want   Path
		status int
	}{
		{"/v1/a", Path{"v1", "a", "", ""}, 0},
		{"/v1.0/a/", Path{"v1.0", "a", "", ""}, 0},
		{"/v1/a/c/", Path{"v1", "a", "c", ""}, 0},
		{"/v1/a/c/o//x/", Path{"v1", "a", "c", "o//x/"}, 0},
		{"/v1/a/c//", Path{"v1", "a", "c", "/"}, 0},
		{"/v1/a/c/../..", Path{"v1", "a", "c", "../.."}, 0},
		{"/v1/a//", Path{}, 404},
		{"/v1//", Path{}, 404},
		{"", Path{}, 412},
		{"v1/a", Path{}, 404},
		{"/v3/a/c/o", Path{}, 400},
		{"/v3", Path{}, 412},
		{"/v1/a/\xed\xa0\x80", Path{}, 412}, // a surrogate
		{"/v1/.glance", Path{}, 412},
		{"/v1/.", Path{}, 412},
		{"/v1.0/.glance/images/x", Path{}, 412},
		{"/v1/\xffversions.a/c/o", Path{}, 412},
		{"/v1/a./c", Path{"v1", "a.", "c", ""}, 0},
		{"/v1/a/.c/.o", Path{"v1", "a", ".c", ".o"}, 0},
	} {
		got, err := SplitPath(tc.path)
		status := 0
		if err != nil {
			status = web.ErrorResponse(err).Status
		}
		if got != tc.want || status != tc.status {
			t.Errorf("SplitPath(%q) = %q, %d; want %q, %d", tc.path, got, status, tc.want, tc.status)
		}
	}
}

func FuzzSplitPath(f *testing.F) {
	for _, s := range []string{"/v1/a/c/o", "/v1", "//", "/v1/a//", "/v1/\x00", "/v1/a/c/o/\xff", "/info"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, path string) {
		p, err := SplitPath(path)
		if err != nil {
			if s := web.ErrorResponse(err).Status; s != 404 && s != 412 && s != 400 {
				t.Fatalf("status %d", s)
			}
			return
		}
		whole := "/" + p.Version + "/" + p.Account
		if p.Container != "" {
			whole += "/" + p.Container
		}
		if p.Object != "" {
			whole += "/" + p.Object
		}
		if strings.TrimSuffix(path, "/") != whole && path != whole {
			t.Fatalf("%q became %q", path, whole)
		}
		if strings.Contains(p.Account+p.Container, "/") || !utf8.ValidString(whole) || strings.Contains(whole, "\x00") {
			t.Fatalf("%q gave %+v", path, p)
		}
	})
}

// TestRequestSplitPath: a feature may change the path, or copy the request.
func TestRequestSplitPath(t *testing.T) {
	r := &Request{Request: &web.Request{}}
	for _, path := range []string{"", "/v1/a/c/o", "/v1/a/c/o", "/v1/b", "/", "/v1/a//", "/v1/a/c/o"} {
		r.Path = path
		want, wantErr := SplitPath(path)
		got, err := r.SplitPath()
		if got != want || (err == nil) != (wantErr == nil) {
			t.Errorf("%q: %+v, %v", path, got, err)
		}
	}
	if n := testing.AllocsPerRun(100, func() { _, _ = r.SplitPath() }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
