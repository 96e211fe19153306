// SPDX-License-Identifier: Apache-2.0

package router

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

type row struct{ method, pattern string }

func table(lines ...string) *Table[row] {
	rows := make([]row, len(lines))
	for i, l := range lines {
		rows[i].method, rows[i].pattern, _ = strings.Cut(l, " ")
	}
	return New(rows, func(r *row) (string, string) { return r.method, r.pattern })
}

// found says what Find answers, on one line: the row and the values, or the
// allowed methods, or "404".
func found(t *Table[row], method, path string) string {
	r, params, allow := t.Find(method, path)
	switch {
	case r != nil:
		return strings.Join(append([]string{r.method, r.pattern}, params.Values()...), " ")
	case allow != nil:
		return "405 " + strings.Join(allow, ", ")
	}
	return "404"
}

func TestFind(t *testing.T) {
	glance := table("GET images", "POST images", "GET images/{image}", "PATCH images/{image}", "PUT images/{image}/tags/{tag}")
	keystone := table("GET ", "GET /v3", "GET /v3/limits/model", "GET /v3/limits/{limit}", "PATCH /v3/limits/{limit}",
		"GET /v3/auth/tokens", "HEAD /v3/auth/tokens").HeadIsGet()
	for _, x := range []struct {
		table              *Table[row]
		method, path, want string
	}{
		{glance, "GET", "images", "GET images"},
		{glance, "GET", "images/7", "GET images/{image} 7"},
		{glance, "PUT", "images/7/tags/t", "PUT images/{image}/tags/{tag} 7 t"},
		{glance, "PUT", "images/7/tags/", "404"},
		{glance, "PUT", "images//tags/t", "404"},
		{glance, "PUT", "images/7/tags/t/u", "404"},
		{glance, "GET", "images/", "404"},
		{glance, "GET", "/images", "404"},
		{glance, "GET", "", "404"},
		{glance, "PUT", "images", "405 GET, POST"},
		{glance, "HEAD", "images", "405 GET, POST"},
		{glance, "GET", "images/7/tags/t", "405 PUT"},
		{glance, "GET", "images/{image}", "GET images/{image} {image}"},
		{keystone, "GET", "", "GET "},
		{keystone, "GET", "/v3", "GET /v3"},
		{keystone, "GET", "/v3/", "404"},
		{keystone, "HEAD", "/v3", "GET /v3"},
		{keystone, "HEAD", "/v3/auth/tokens", "HEAD /v3/auth/tokens"},
		{keystone, "GET", "/v3/limits/model", "GET /v3/limits/model"},
		{keystone, "GET", "/v3/limits/x", "GET /v3/limits/{limit} x"},
		{keystone, "PATCH", "/v3/limits/model", "PATCH /v3/limits/{limit} model"},
		{keystone, "POST", "/v3/limits/model", "405 GET, HEAD, PATCH"},
		{keystone, "PATCH", "/v3/auth/tokens", "405 GET, HEAD"},
	} {
		if got := found(x.table, x.method, x.path); got != x.want {
			t.Errorf("%s %q: %q, want %q", x.method, x.path, got, x.want)
		}
	}
}

func TestParams(t *testing.T) {
	_, p, _ := table("GET /{a}/x/{b}").Find("GET", "/1/x/2")
	if p.Get("a") != "1" || p.Get("b") != "2" || p.Get("c") != "" {
		t.Errorf("%+v", p)
	}
	if _, ok := p.Lookup("c"); ok {
		t.Error("a name that the pattern does not have")
	}
	if _, none, _ := table("GET /x").Find("GET", "/x"); none.Get("a") != "" || none.Values() != nil {
		t.Errorf("%+v", none)
	}
}

func TestTwoRowsAreRefused(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("the table was made")
		}
	}()
	table("GET /x", "PUT /x", "GET /x")
}

// FuzzFind compares with regular expressions made of the patterns.
func FuzzFind(f *testing.F) {
	for _, path := range []string{"", "/", "/a", "/a/b", "/a//b", "/a/b/", "/c/x/d", "a/c"} {
		f.Add("GET", path)
		f.Add("HEAD", path)
	}
	lines := []string{"GET /a", "PUT /a/{x}", "GET /a/b", "GET ", "DELETE /c/{x}/d", "GET /{x}/{y}/{z}", "HEAD /a/b"}
	tab := table(lines...).HeadIsGet()
	f.Fuzz(func(t *testing.T, method, path string) {
		want := -1
		known := false
		for _, m := range []string{method, "GET"} {
			if want >= 0 || m != method && method != "HEAD" {
				continue
			}
			want = slices.IndexFunc(lines, func(l string) bool {
				lineMethod, pattern, _ := strings.Cut(l, " ")
				expr := regexp.MustCompile(`(?s)^` + regexp.MustCompile(`\{.\}`).ReplaceAllString(pattern, `[^/]+`) + `$`)
				known = known || expr.MatchString(path)
				return lineMethod == m && expr.MatchString(path)
			})
		}
		r, _, allow := tab.Find(method, path)
		if r == nil && want >= 0 || r != nil && (want < 0 || r.method+" "+r.pattern != lines[want]) {
			t.Errorf("%s %q: %+v, want row %d", method, path, r, want)
		}
		if r == nil && known != (allow != nil) {
			t.Errorf("%s %q: allowed are %v", method, path, allow)
		}
	})
}
