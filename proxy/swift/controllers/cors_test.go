// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"strings"
	"testing"
)

func TestOptions(t *testing.T) {
	s := newServer(t).as(nobody)
	s.anon = true
	for _, path := range []string{"/v1/a", "/v1/a/c", "/v1/a/c/o"} {
		a := s.must(200, "OPTIONS "+path, "")
		if !strings.HasPrefix(a.Get("Allow"), "GET, HEAD, POST") || a.Has("Access-Control-Allow-Origin") {
			t.Errorf("%s: %v", path, a.Header)
		}
	}
	s.must(200, "OPTIONS /v1/a", "", "Origin: http://o")
	for _, path := range []string{"/v1/a/c", "/v1/a/c/o"} {
		a := s.must(401, "OPTIONS "+path, "", "Origin: http://o", "Access-Control-Request-Method: GET")
		a.want(t, `Www-Authenticate: Swift realm="a"`)
	}
}

func TestPreflight(t *testing.T) {
	s := newServer(t)
	s.must(201, "PUT /v1/a/c", "", "X-Container-Meta-Access-Control-Allow-Origin: http://o http://p",
		"X-Container-Meta-Access-Control-Max-Age: 60", "X-Container-Meta-Access-Control-Expose-Headers: X-Mine")
	s.as(nobody)
	const method = "Access-Control-Request-Method: PUT"
	a := s.must(200, "OPTIONS /v1/a/c/o", "", "Origin: http://o", method, "Access-Control-Request-Headers: x-a, x-b,x-a")
	a.want(t, "Access-Control-Allow-Origin: http://o", "Access-Control-Max-Age: 60",
		"Access-Control-Allow-Methods: GET, HEAD, POST, PUT, DELETE, OPTIONS", "Access-Control-Allow-Headers: x-a, x-b",
		"Vary: Origin, Access-Control-Request-Headers", "Access-Control-Expose-Headers:")
	s.must(401, "OPTIONS /v1/a/c/o", "", "Origin: http://evil", method)
	s.must(401, "OPTIONS /v1/a/c/o", "", "Origin: http://o")
	s.must(401, "OPTIONS /v1/a/c/o", "", "Origin: http://o", "Access-Control-Request-Method: LICK")
}

func TestLooseCORS(t *testing.T) {
	s := newServer(t, func(c *Config) { c.LooseCORS = true })
	s.must(201, "PUT /v1/a/c", "")
	s.must(204, "GET /v1/a/c", "", "Origin: http://any").want(t, "Access-Control-Allow-Origin: http://any", "Vary: Origin, Accept")
	if a := s.must(200, "GET /info", ""); !strings.Contains(a.body, `"strict_cors_mode": false`) {
		t.Errorf("/info does not say so: %s", a.body)
	}
}

func TestCrossOriginRequest(t *testing.T) {
	s := newServer(t, func(c *Config) {
		c.CORSAllowOrigin, c.CORSExposeHeaders = []string{"http://ops"}, []string{"X-Ops"}
	})
	s.must(201, "PUT /v1/a/star", "", "X-Container-Meta-Access-Control-Allow-Origin: *")
	s.must(201, "PUT /v1/a/star/o", "x", "X-Object-Meta-Color: red")
	s.must(201, "PUT /v1/a/plain", "")
	a := s.must(200, "GET /v1/a/star/o", "", "Origin: http://any")
	a.want(t, "Access-Control-Allow-Origin: *", "Vary:")
	exposed := strings.Split(a.Get("Access-Control-Expose-Headers"), ", ")
	for _, name := range []string{"etag", "x-trans-id", "x-object-meta-color", "x-ops"} {
		if !contains(exposed, name) {
			t.Errorf("%s is not exposed: %v", name, exposed)
		}
	}
	s.must(404, "GET /v1/a/plain/o", "", "Origin: http://ops").
		want(t, "Access-Control-Allow-Origin: http://ops", "Vary: Origin")
	s.must(404, "GET /v1/a/plain/o", "", "Origin: http://any").want(t, "Access-Control-Allow-Origin:")
	s.must(204, "HEAD /v1/a/star", "", "Origin: http://any").want(t, "Access-Control-Allow-Origin: *", "Vary: Accept")
}
