// SPDX-License-Identifier: Apache-2.0

package objectversioning

import (
	"encoding/json"
	"io"
	"slices"
	"strings"
	"testing"

	"needletail/auth"
	"needletail/objstore"
	"needletail/objstore/memstore"
	"needletail/proxy/swift"
	"needletail/proxy/swift/controllers"
	"needletail/proxy/web"
)

var testPolicies = objstore.Policies{
	{Index: 0, Name: "gold", Default: true}, {Index: 1, Name: "silver"}, {Index: 2, Name: "iron", Deprecated: true},
}

// site is the middleware over the controllers and the reference store.
type site struct {
	t     *testing.T
	store *fallible
	layout
	serve swift.Handler
	who   auth.Authorizer
	// before, if not nil, runs before each request that reaches the controllers.
	before func(*swift.Request)
}

// byRight allows the owner all, others what an ACL says.
type byRight struct{ owner bool }

func (b byRight) Authorize(_ *auth.Identity, a auth.Access) auth.Grant {
	return auth.Grant{Allowed: b.owner || a.ACL != "", Owner: b.owner}
}

// sharedTests begins the names of the tests that run over a store with Swift's
// layout.
const sharedTests = "TestSharedLayout/"

// newSite returns a site over a store with the layout that the test's name asks
// for.
func newSite(t *testing.T) *site {
	t.Helper()
	promises := objstore.Strict()
	promises.SwiftLayout = strings.HasPrefix(t.Name(), sharedTests)
	return newSiteOver(t, promises)
}

func newSiteOver(t *testing.T, promises objstore.Guarantees) *site {
	t.Helper()
	policies := testPolicies[:2]
	stored := slices.Clone(testPolicies)
	stored[2].Deprecated = false // the store had containers of it before
	store := &fallible{Store: memstore.New(memstore.Options{Policies: stored, Guarantees: &promises})}
	t.Cleanup(func() { store.Close() })
	s := &site{t: t, store: store, layout: layoutOf(store), who: byRight{owner: true}}
	s.build(policies)
	return s
}

func (s *site) build(policies objstore.Policies) {
	limits := swift.DefaultLimits()
	inner := controllers.New(controllers.Config{
		Store: s.store, Policies: policies, Limits: limits, AccountAutocreate: true, AllowAccountManagement: true, AllowOpenExpired: true,
	})
	s.serve = New(Config{Store: s.store, Policies: policies, Limits: limits})(swift.HandlerFunc(func(r *swift.Request) (*web.Response, error) {
		if s.before != nil {
			s.before(r)
		}
		return inner.Serve(r)
	}))
}

// guest makes the requests of f come from one that has only ACLs.
func (s *site) guest(f func()) {
	who := s.who
	s.who = byRight{}
	f()
	s.who = who
}

type reply struct {
	web.Header
	status int
	body   string
}

// id is the version that the reply names.
func (a reply) id() string { return a.Get(versionIDHeader) }

// do sends "METHOD container/object?query", or "METHOD" of the account "a",
// with "Name: value" lines and a body.
func (s *site) do(request, body string, lines ...string) reply {
	s.t.Helper()
	method, target, _ := strings.Cut(request, " ")
	raw, query, _ := strings.Cut(target, "?")
	raw = strings.TrimSuffix("/v1/a/"+raw, "/")
	r := &swift.Request{Request: &web.Request{
		Method: method, RawPath: raw, Path: web.Unquote(raw), RawQuery: query, Scheme: "http", Host: "h",
		Body: strings.NewReader(body), ContentLength: int64(len(body)),
		Identity: &auth.Identity{},
	}, Authorizer: s.who,
	}
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Add(web.TitleName(strings.TrimSuffix(name, ":")), value)
	}
	res, err := s.serve.Serve(r)
	if err != nil {
		res = web.ErrorResponse(err)
	}
	a := reply{Header: res.Header, status: res.Status}
	if res.Body != nil {
		b, err := io.ReadAll(res.Body)
		if err != nil {
			s.t.Fatal(err)
		}
		a.body = string(b)
	}
	if err := res.Close(); err != nil {
		s.t.Fatal(err)
	}
	return a
}

// must is do, of a known status.
func (s *site) must(status int, request, body string, lines ...string) reply {
	s.t.Helper()
	a := s.do(request, body, lines...)
	if a.status != status {
		s.t.Fatalf("%s %q: status %d, want %d; body %q", request, lines, a.status, status, a.body)
	}
	return a
}

// want compares headers given as "Name: value"; "Name:" wants none.
func (a reply) want(t *testing.T, lines ...string) {
	t.Helper()
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ":")
		if got := a.Get(name); got != strings.TrimPrefix(value, " ") {
			t.Errorf("%s: %q, want %q", name, got, value)
		}
	}
}

func (a reply) wantBody(t *testing.T, body string) {
	t.Helper()
	if a.body != body {
		t.Errorf("body %q, want %q", a.body, body)
	}
}

// versioned makes the container c with versions.
func newVersionedSite(t *testing.T) *site {
	s := newSite(t)
	s.must(201, "PUT c", "", "X-Versions-Enabled: true")
	return s
}

type entry struct {
	Name        string `json:"name"`
	Subdir      string `json:"subdir"`
	ID          string `json:"version_id"`
	Bytes       int64  `json:"bytes"`
	Hash        string `json:"hash"`
	ContentType string `json:"content_type"`
	Latest      bool   `json:"is_latest"`
	Path        string `json:"symlink_path"`
	Link        bool   `json:"version_symlink"`
	Modified    string `json:"last_modified"`
}

// list is a container's listing.
func (s *site) list(query string) (entries []entry) {
	s.t.Helper()
	a := s.must(200, "GET c?"+query, "")
	if err := json.Unmarshal([]byte(a.body), &entries); err != nil {
		s.t.Fatalf("%q: %v", a.body, err)
	}
	return entries
}

// show is "name@id*", the star for the latest, or the subdir.
func show(entries []entry) (lines []string) {
	for _, e := range entries {
		line := e.Subdir
		if line == "" {
			line = e.Name + "@" + e.ID
		}
		if e.Latest {
			line += "*"
		}
		lines = append(lines, line)
	}
	return lines
}
