// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"fmt"
	"strings"
	"testing"
)

const (
	html     = "Content-Type: text/html; charset=UTF-8"
	accepted = "<html><h1>Accepted</h1><p>The request is accepted for processing.</p></html>"
)

func TestAccountThatDoesNotExist(t *testing.T) {
	s := newServer(t)
	for _, tc := range []struct {
		request string
		status  int
		ctype   string
		body    string
	}{
		{"HEAD /v1/a", 204, "text/plain; charset=utf-8", ""},
		{"GET /v1/a", 204, "text/plain; charset=utf-8", ""},
		{"GET /v1/a/?format=json", 200, "application/json; charset=utf-8", "[]"},
		{"HEAD /v1/a?format=xml", 204, "application/xml; charset=utf-8", ""},
		{"GET /v1/a?format=xml", 200, "application/xml; charset=utf-8",
			"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<account name=\"a\">\n</account>"},
	} {
		a := s.must(tc.status, tc.request, "")
		a.want(t, "Content-Type: "+tc.ctype, "X-Account-Container-Count: 0",
			"X-Account-Object-Count: 0", "X-Account-Bytes-Used: 0", "Accept-Ranges: bytes")
		a.wantBody(t, tc.body)
		if len(a.Get("X-Timestamp")) != 16 {
			t.Errorf("%s: X-Timestamp %q", tc.request, a.Get("X-Timestamp"))
		}
	}
	s = newServer(t, func(c *Config) { c.AccountAutocreate = false })
	s.must(404, "GET /v1/a", "")
	s.must(404, "HEAD /v1/a", "")
	s.must(404, "POST /v1/a", "")
	s.must(404, "PUT /v1/a/c", "")
}

func TestAccountMetadata(t *testing.T) {
	s := newServer(t)
	s.must(204, "POST /v1/a", "", "X-Account-Meta-One: 1", "X-Account-Meta-Two: ü").want(t, html)
	s.must(204, "POST /v1/a", "", "X-Remove-Account-Meta-One: x", "X-Account-Meta-Three: 3")
	s.must(204, "HEAD /v1/a", "").want(t, "X-Account-Meta-One:", "X-Account-Meta-Two: ü", "X-Account-Meta-Three: 3")
	s.must(204, "POST /v1/a", "", "X-Account-Meta-Two:")
	if a := s.must(204, "HEAD /v1/a", ""); a.Has("X-Account-Meta-Two") {
		t.Error("an empty value left the header")
	}
	// A value beats its X-Remove, whichever comes first.
	s.must(204, "POST /v1/a", "", "X-Account-Meta-Three: 4", "X-Remove-Account-Meta-Three: x")
	s.must(204, "HEAD /v1/a", "").want(t, "X-Account-Meta-Three: 4")
}

func TestAccountMetadataAddsUp(t *testing.T) {
	s := newServer(t)
	value := strings.Repeat("v", 250)
	for i := range 16 { // 16 × (6 + 250) = 4096
		s.must(204, "POST /v1/a", "", fmt.Sprintf("X-Account-Meta-name%02d: %s", i, value))
	}
	s.must(400, "POST /v1/a", "", "X-Account-Meta-x: y").wantBody(t, "Total metadata too large; max 4096")
	s.must(204, "HEAD /v1/a", "").want(t, "X-Account-Meta-X:")
}

func TestAccountPolicyUsage(t *testing.T) {
	s := newServer(t)
	s.must(201, "PUT /v1/a/c", "")
	s.must(201, "PUT /v1/a/d", "", "X-Storage-Policy: SILVER")
	s.must(201, "PUT /v1/a/d/o", "12345")
	s.must(204, "HEAD /v1/a", "").want(t,
		"X-Account-Container-Count: 2", "X-Account-Object-Count: 1", "X-Account-Bytes-Used: 5",
		"X-Account-Storage-Policy-Gold-Container-Count: 1",
		"X-Account-Storage-Policy-Gold-Object-Count: 0",
		"X-Account-Storage-Policy-Silver-Object-Count: 1",
		"X-Account-Storage-Policy-Silver-Bytes-Used: 5",
		"X-Account-Storage-Policy-Iron-Bytes-Used:")
}

func TestAccountListing(t *testing.T) {
	s := newServer(t)
	for _, name := range []string{"b-1", "b-2", "a", "c"} {
		s.must(201, "PUT /v1/a/"+name, "")
	}
	for query, want := range map[string]string{
		"":                                 "a\nb-1\nb-2\nc\n",
		"?delimiter=-":                     "a\nb-\nc\n",
		"?reverse=yes":                     "c\nb-2\nb-1\na\n",
		"?reverse=1&marker=b-2":            "b-1\na\n",
		"?marker=b-1&limit=1":              "b-2\n",
		"?prefix=b-":                       "b-1\nb-2\n",
		"?end_marker=b-2":                  "a\nb-1\n",
		"?limit=5000.0":                    "a\nb-1\nb-2\nc\n",
		"?format=nonsense":                 "a\nb-1\nb-2\nc\n",
		"?marker=b-1%00":                   "b-2\nc\n",
		"?limit=1&limit=2":                 "a\nb-1\n",
		"?limit=10000":                     "a\nb-1\nb-2\nc\n",
		"?prefix=b-&delimiter=-&format=pl": "b-1\nb-2\n",
	} {
		s.must(200, "GET /v1/a"+query, "").wantBody(t, want)
	}
	s.must(204, "GET /v1/a?limit=0", "").wantBody(t, "")
	s.must(412, "GET /v1/a?limit=10001", "").wantBody(t, "Maximum limit is 10000")
	s.must(204, "HEAD /v1/a?limit=10001", "")
	s.must(404, "PUT /v1/"+strings.Repeat("a", 257)+"/c", "") // there can be no such account
	s.must(412, "GET /v1/a?limit=99999999999999999999", "")
	a := s.must(400, "GET /v1/a?prefix=%ff", "")
	a.wantBody(t, `"prefix" parameter not valid UTF-8`)
	a.want(t, "Content-Type: text/plain")
}

func TestAccountManagement(t *testing.T) {
	s := newServer(t)
	a := s.must(405, "PUT /v1/a", "")
	a.want(t, "Allow: GET, HEAD, POST, OPTIONS")
	s.must(405, "DELETE /v1/a", "")
	s = newServer(t, func(c *Config) { c.AllowAccountManagement = true })
	s.must(201, "PUT /v1/a", "", "X-Account-Meta-A: b")
	s.must(202, "PUT /v1/a", "").wantBody(t, accepted)
	s.must(400, "DELETE /v1/a?typo", "")
	s.must(201, "PUT /v1/a/c", "")
	s.must(409, "DELETE /v1/a", "")
	s.must(204, "DELETE /v1/a/c", "")
	s.must(204, "DELETE /v1/a", "")
	s.must(404, "DELETE /v1/a", "")
}

func TestAccountNameLength(t *testing.T) {
	s := newServer(t)
	s.must(204, "GET /v1/"+strings.Repeat("a", 256), "")
	for _, method := range []string{"GET", "HEAD", "POST"} {
		s.must(400, method+" /v1/"+strings.Repeat("a", 257), "").
			wantBody(t, "Account name length of 257 longer than 256")
	}
}

func TestNegotiation(t *testing.T) {
	s := newServer(t)
	for _, tc := range []struct {
		query, accept string
		status        int
		ctype, vary   string
	}{
		{"", "", 204, "text/plain; charset=utf-8", "Accept"},
		{"", "application/json", 200, "application/json; charset=utf-8", "Accept"},
		{"", "text/xml", 200, "text/xml; charset=utf-8", "Accept"},
		{"", "text/xml;q=0.5, application/xml", 200, "application/xml; charset=utf-8", "Accept"},
		{"", "*/*", 204, "text/plain; charset=utf-8", "Accept"},
		{"", "application/*", 200, "application/json; charset=utf-8", "Accept"},
		{"?format=xml", "application/json", 200, "application/xml; charset=utf-8", ""},
		{"?format=JSON", "image/png", 200, "application/json; charset=utf-8", ""},
		{"?format=", "application/json", 200, "application/json; charset=utf-8", ""},
		{"", "image/png", 406, "text/html; charset=UTF-8", ""},
		{"", "json", 400, "text/html; charset=UTF-8", ""},
	} {
		a := s.must(tc.status, "GET /v1/a"+tc.query, "", "Accept: "+tc.accept)
		a.want(t, "Content-Type: "+tc.ctype, "Vary: "+tc.vary)
	}
	s.must(400, "GET /v1/a", "", "Accept: x").wantBody(t, "Invalid Accept header")
}
