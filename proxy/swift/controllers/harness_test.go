// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"errors"
	"io"
	"strconv"
	"strings"
	"testing"

	"needletail/auth"
	"needletail/objstore"
	"needletail/objstore/memstore"
	"needletail/proxy/pyjson"
	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// authorizer answers by a function and keeps the questions.
type authorizer struct {
	answer func(*auth.Identity, auth.Access) auth.Grant
	asked  []auth.Access
}

func (a *authorizer) Authorize(id *auth.Identity, access auth.Access) auth.Grant {
	a.asked = append(a.asked, access)
	return a.answer(id, access)
}

func grant(g auth.Grant) func(*auth.Identity, auth.Access) auth.Grant {
	return func(*auth.Identity, auth.Access) auth.Grant { return g }
}

var (
	owner    = grant(auth.Grant{Allowed: true, Owner: true})
	guest    = grant(auth.Grant{Allowed: true})
	reseller = grant(auth.Grant{Allowed: true, Owner: true, Reseller: true})
	nobody   = grant(auth.Grant{})
	// byACL allows whoever comes with any ACL of the container or the account.
	byACL = func(_ *auth.Identity, a auth.Access) auth.Grant {
		return auth.Grant{Allowed: a.ACL != "" || a.AccountACL != ""}
	}
)

var testPolicies = objstore.Policies{
	{Index: 0, Name: "gold", Aliases: []string{"au"}, Default: true},
	{Index: 1, Name: "silver"},
	{Index: 2, Name: "iron", Deprecated: true},
}

// server is the controllers over a memstore, asked as who says.
type server struct {
	t       *testing.T
	store   objstore.Store
	handler swift.Handler
	who     *authorizer
	anon    bool // requests have no identity
}

func newServer(t *testing.T, change ...func(*Config)) *server {
	t.Helper()
	store := memstore.New(memstore.Options{Policies: testPolicies})
	t.Cleanup(func() { store.Close() })
	c := Config{
		Store: store, Policies: testPolicies, Limits: swift.DefaultLimits(), Version: "9.9",
		Info:              []swift.InfoSection{{Name: "extra", Value: pyjson.Object{{Key: "works", Value: true}}}},
		AccountAutocreate: true,
		CleanACL: func(_, value string) (string, error) {
			if value == "bad" {
				return "", errors.New("bad ACL: 'bad'")
			}
			return strings.ReplaceAll(value, " ", ""), nil
		},
	}
	for _, f := range change {
		f(&c)
	}
	return &server{t: t, store: store, handler: New(c), who: &authorizer{answer: owner}}
}

// as changes who asks.
func (s *server) as(answer func(*auth.Identity, auth.Access) auth.Grant) *server {
	s.who.answer, s.who.asked = answer, nil
	return s
}

// answer is a response, read to its end.
type answer struct {
	web.Header
	status int
	body   string
	length int64
}

// do sends "METHOD /path?query" with "Name: value" lines and a body.
func (s *server) do(request, body string, lines ...string) answer {
	s.t.Helper()
	return s.send(request, strings.NewReader(body), int64(len(body)), lines...)
}

func (s *server) send(request string, body io.Reader, length int64, lines ...string) answer {
	s.t.Helper()
	method, target, _ := strings.Cut(request, " ")
	raw, query, _ := strings.Cut(target, "?")
	r := &swift.Request{Request: &web.Request{
		Method: method, RawPath: raw, Path: web.Unquote(raw), RawQuery: query,
		Body: body, ContentLength: length, Scheme: "http", Host: "h",
	}, Authorizer: s.who,
	}
	if !s.anon {
		r.Identity = &auth.Identity{UserName: "u"}
	}
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Add(web.TitleName(strings.TrimSuffix(name, ":")), value)
	}
	res, err := s.handler.Serve(r)
	if err != nil {
		res = web.ErrorResponse(err)
	}
	a := answer{Header: res.Header, status: res.Status, length: res.ContentLength}
	if res.Body != nil {
		b, err := io.ReadAll(res.Body)
		if err != nil {
			s.t.Fatalf("%s: reading the body: %v", request, err)
		}
		a.body = string(b)
	}
	if err := res.Close(); err != nil {
		s.t.Fatal(err)
	}
	if method != "HEAD" && a.length >= 0 && a.length != int64(len(a.body)) {
		s.t.Errorf("%s: ContentLength %d, body of %d bytes", request, a.length, len(a.body))
	}
	return a
}

// must sends and wants a status.
func (s *server) must(status int, request, body string, lines ...string) answer {
	s.t.Helper()
	a := s.do(request, body, lines...)
	if a.status != status {
		s.t.Fatalf("%s %q: status %d, want %d; body %q", request, lines, a.status, status, a.body)
	}
	return a
}

// want compares headers given as "Name: value"; "Name:" wants none.
func (a answer) want(t *testing.T, lines ...string) {
	t.Helper()
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		if got := a.Get(name); got != value {
			t.Errorf("header %s: %q, want %q", name, got, value)
		}
	}
}

func (a answer) wantBody(t *testing.T, body string) {
	t.Helper()
	if a.body != body {
		t.Errorf("body %q, want %q", a.body, body)
	}
}

// page is Swift's own body of a status.
func page(status int) string {
	b, _ := io.ReadAll(web.StatusPage(status).Body)
	return string(b)
}

func itoa(n int) string { return strconv.Itoa(n) }
