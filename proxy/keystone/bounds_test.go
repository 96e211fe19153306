// SPDX-License-Identifier: Apache-2.0

package keystone

import (
	"errors"
	"strings"
	"testing"

	"needletail/proxy/web"
)

// Who shows no token may send less than a user.
func TestBodyOfAStrangerIsBounded(t *testing.T) {
	c := newCloud(t)
	padded := func(n int) string { return "{}" + strings.Repeat(" ", n-2) }
	token := c.login("admin", onAdmin)
	for _, x := range []struct {
		path, token string
		bytes       int
		status      int
	}{
		{"/v3/auth/tokens", "", maxStrangerBodyBytes, 400},
		{"/v3/auth/tokens", "", maxStrangerBodyBytes + 1, 413},
		{"/v3/users/" + adminUser + "/password", "", maxStrangerBodyBytes + 1, 413},
		{"/v3/auth/tokens", token, maxBodyBytes, 400},
		{"/v3/users", token, maxBodyBytes, 400},
		{"/v3/users", token, maxBodyBytes + 1, 413},
	} {
		var lines []string
		if x.token != "" {
			lines = []string{"X-Auth-Token", x.token}
		}
		if a := c.do("POST", x.path, padded(x.bytes), lines...); a.status != x.status {
			t.Errorf("%s with %d bytes: %d %s", x.path, x.bytes, a.status, a.body)
		}
	}
}

// A body is held with what parsing makes of it, and a list with its rows.
func TestBodiesAndListsAreHeld(t *testing.T) {
	c := newCloud(t)
	token := c.login("admin", onAdmin)
	for _, x := range []struct {
		method, path, body string
		bytes              int64
	}{
		{"POST", "/v3/users", `{"user": {}}` + strings.Repeat(" ", 10_000), bodyHeldFactor * 10_000},
		{"GET", "/v3/users", "", 3 * rowBytes},
	} {
		var held web.Held
		memory := web.NewMemory(x.bytes)
		held.Use(memory)
		held.SetKnown()
		r := &web.Request{Method: x.method, Path: x.path, Body: strings.NewReader(x.body), ContentLength: int64(len(x.body))}
		r.Header.Set("X-Auth-Token", token)
		r.SetHeld(&held)
		if _, err := c.handler.Serve(r); !errors.Is(err, web.ErrNoMemory) {
			t.Errorf("%s %s: %v", x.method, x.path, err)
		}
		held.End()
	}
}

// endless is a body without an end, of which n bytes have been read.
type endless struct{ n int64 }

func (e *endless) Read(p []byte) (int, error) {
	e.n += int64(len(p))
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

// Of all routes, those alone read the body of who shows no token that are open to
// everybody and need one: to log in, and to change a password with the old one.
func TestStrangersBodyIsNotRead(t *testing.T) {
	c := newCloud(t)
	readers := map[string]bool{"POST /v3/auth/tokens": true, "POST /v3/users/{user}/password": true}
	for _, route := range routes() {
		body := new(endless)
		path := strings.NewReplacer("{user}", adminUser, "{project}", adminProject, "{", "", "}", "").Replace(route.pattern)
		r := &web.Request{
			Method: route.method, Path: path, RawPath: path, BasePath: "/identity", Host: "h", Scheme: "http",
			Body: body, ContentLength: -1,
		}
		if _, err := c.handler.Serve(r); err != nil {
			t.Fatalf("%s %s: %v", route.method, route.pattern, err)
		}
		bound := int64(0)
		if readers[route.method+" "+route.pattern] {
			bound = 2 * (maxStrangerBodyBytes + 1)
		}
		if body.n > bound {
			t.Errorf("%s %s: %d bytes of the body were read", route.method, route.pattern, body.n)
		}
	}
}
