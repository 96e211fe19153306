// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"net/http"
	"strings"
	"testing"

	"needletail/proxy/swift"
)

// Every verb of the table has a right, and none is served without asking.
func TestRoutesHaveRights(t *testing.T) {
	paths := map[swift.Resource]string{
		swift.AccountResource: "/v1/a", swift.ContainerResource: "/v1/a/c", swift.ObjectResource: "/v1/a/c/o",
	}
	for resource, table := range routes {
		for method, rt := range table {
			if rt.right == rightMissing || rt.serve == nil {
				t.Errorf("%s %s has no right or no handler", method, resource)
			}
			if rt.right == rightNone && method != http.MethodOptions {
				t.Errorf("%s %s asks for nothing", method, resource)
			}
			s := newServer(t, func(c *Config) { c.AllowAccountManagement = true }).as(nobody)
			a := s.send(method+" "+paths[resource], unread{t}, 0)
			want := 403
			if rt.right == rightNone {
				want = 200
			}
			if a.status != want {
				t.Errorf("%s %s: %d to nobody, want %d", method, resource, a.status, want)
			}
			if asked := len(s.who.asked) > 0; asked != (rt.right != rightNone) {
				t.Errorf("%s %s: asked %v", method, resource, s.who.asked)
			}
			s.anon = true
			if a = s.do(method+" "+paths[resource], ""); a.status != 401 && rt.right != rightNone {
				t.Errorf("%s %s: %d to an anonymous", method, resource, a.status)
			}
		}
	}
}

func TestUnauthorizedRealm(t *testing.T) {
	s := newServer(t).as(nobody)
	s.anon = true
	s.must(401, "GET /v1/a%22%0a%3cb%3e", "").want(t, `Www-Authenticate: Swift realm="a%22%0A%3Cb%3E"`)
}

func TestMethodNotAllowed(t *testing.T) {
	s := newServer(t)
	for path, allow := range map[string]string{
		"/v1/a":     "GET, HEAD, POST, OPTIONS",
		"/v1/a/c":   "GET, HEAD, POST, PUT, DELETE, OPTIONS",
		"/v1/a/c/o": "GET, HEAD, POST, PUT, DELETE, OPTIONS",
	} {
		for _, method := range []string{"LICK", "getAccount", "get", "COPY", "PATCH"} {
			s.must(405, method+" "+path, "").want(t, "Allow: "+allow)
		}
	}
}

// The ACLs that the question carries, by verb.
func TestRightsUseTheirACL(t *testing.T) {
	for _, tc := range []struct {
		request string
		acl     string // which header grants it; "" for none
		status  int
	}{
		{"GET /v1/a/c/o", "X-Container-Read", 200},
		{"HEAD /v1/a/c/o", "X-Container-Read", 200},
		{"GET /v1/a/c", "X-Container-Read", 200},
		{"HEAD /v1/a/c", "X-Container-Read", 204},
		{"PUT /v1/a/c/o", "X-Container-Write", 201},
		{"POST /v1/a/c/o", "X-Container-Write", 202},
		{"DELETE /v1/a/c/o", "X-Container-Write", 204},
		{"PUT /v1/a/c", "", 0},
		{"POST /v1/a/c", "", 0},
		{"DELETE /v1/a/c", "", 0},
		{"GET /v1/a", "", 0},
		{"POST /v1/a", "", 0},
	} {
		for _, header := range []string{"X-Container-Read", "X-Container-Write"} {
			s := objectServer(t)
			s.must(201, "PUT /v1/a/c/o", "x")
			s.must(204, "POST /v1/a/c", "", header+": someone")
			want := 403
			if tc.acl == header {
				want = tc.status
			}
			s.as(byACL).must(want, tc.request, "")
		}
	}
}

func TestAccountACLIsAsked(t *testing.T) {
	s := objectServer(t)
	s.must(204, "POST /v1/a", "", `X-Account-Sysmeta-Core-Access-Control: {"read-only":["x"]}`,
		"X-Account-Sysmeta-Project-Domain-Id: dom")
	s.as(byACL).must(204, "HEAD /v1/a/c", "", "Referer: http://r/")
	last := s.who.asked[len(s.who.asked)-1]
	if last.AccountACL != `{"read-only":["x"]}` || last.AccountProjectDomainID != "dom" ||
		last.Referer != "http://r/" || last.Method != "HEAD" || last.Account != "a" || last.Container != "c" {
		t.Errorf("asked %+v", last)
	}
}

// A container that is missing is 404 to its owner and a denial to others.
func TestMissingContainerIsNotShown(t *testing.T) {
	s := newServer(t)
	s.must(404, "GET /v1/a/none/o", "")
	s.as(byACL).must(403, "GET /v1/a/none/o", "")
	s.must(403, "GET /v1/a/none", "")
	s.must(403, "GET /v1/none/none", "")
}

func TestPathErrors(t *testing.T) {
	s := newServer(t)
	for path, want := range map[string]string{
		"/v1":           "412 Bad URL",
		"/v1/":          "412 Bad URL",
		"/info%20asdf":  "412 Bad URL",
		"/v1/a%00":      "412 Invalid UTF8 or contains NULL",
		"/v1/a/%ff":     "412 Invalid UTF8 or contains NULL",
		"/v2/a":         "400 ",
		"//v1/a":        "404 ",
		"/v1//c/o":      "404 ",
		"/v1/a//o":      "404 ",
		"/v1///o":       "404 ",
		"/":             "404 ",
		"/v1.0/a/%2F%2": "404 ",
	} {
		a := s.do("GET "+path, "")
		status, body, _ := strings.Cut(want, " ")
		if got := http.StatusText(a.status); got == "" || status != itoa(a.status) || body != "" && a.body != body {
			t.Errorf("%s: %d %q, want %s", path, a.status, a.body, want)
		}
	}
	if a := s.send("GET /v1/a", strings.NewReader(""), -7); a.status != 400 {
		t.Errorf("a negative length: %d", a.status)
	}
}

func TestInfo(t *testing.T) {
	s := newServer(t).as(nobody)
	s.anon = true
	a := s.must(200, "GET /info", "", "Origin: http://o")
	a.want(t, "Content-Type: application/json; charset=UTF-8", "Access-Control-Allow-Origin: http://o")
	for _, part := range []string{
		`{"swift": {"version": "2.30.1", "strict_cors_mode": true, "policies": [` +
			`{"name": "gold", "aliases": "gold, au", "default": true}, {"name": "silver", "aliases": "silver"}]`,
		`"account_autocreate": true`, `"max_file_size": 5368709122`, `"max_meta_count": 90`,
		`"needletail": {"version": "9.9"}`, `"extra": {"works": true}}`,
	} {
		if !strings.Contains(a.body, part) {
			t.Errorf("/info lacks %s:\n%s", part, a.body)
		}
	}
	s.must(200, "HEAD /info", "")
	s.must(200, "OPTIONS /info", "").want(t, "Allow: HEAD, GET, OPTIONS")
	s.must(405, "PUT /info", "").want(t, "Allow: HEAD, GET, OPTIONS")
}
