// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// startSmall serves with one connection at a time, and gives its address.
func startSmall(t *testing.T) string {
	t.Helper()
	cfg := defaultSettings()
	cfg.Data = t.TempDir()
	cfg.PublicURL = "http://h"
	cfg.Identity.PasswordHashRounds = 4
	cfg.Log.Access = false
	cfg.TempAuth.Users = []string{"test:tester=testing,.admin"}
	cfg.Limits.MaxConnections = 1
	_, addr := serveConfig(t, cfg)
	return addr
}

// connection is one kept connection of a client.
type connection struct {
	net.Conn
	lines *bufio.Reader
}

func connect(t *testing.T, addr string) *connection {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	return &connection{c, bufio.NewReader(c)}
}

// ask sends a request and gives the answer; nil if there is none.
func (c *connection) ask(t *testing.T, method, path, body string, header ...string) *http.Response {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\nContent-Type: application/json\r\n", method, path, len(body))
	for i := 0; i < len(header); i += 2 {
		fmt.Fprintf(&b, "%s: %s\r\n", header[i], header[i+1])
	}
	if _, err := io.WriteString(c, b.String()+"\r\n"+body); err != nil {
		return nil
	}
	res, err := http.ReadResponse(c.lines, &http.Request{Method: method})
	if err != nil {
		return nil
	}
	_, _ = io.Copy(io.Discard, res.Body)
	return res
}

// Whoever was allowed something by any of the services keeps the connection;
// whoever was not gives way to a newcomer.
func TestUsersOfAllServicesKeepTheirConnections(t *testing.T) {
	addr := startSmall(t)
	const login = `{"auth": {"identity": {"methods": ["password"], "password": {"user": {"name": "admin", "password": "pw",
		"domain": {"id": "default"}}}}, "scope": {"project": {"name": "admin", "domain": {"id": "default"}}}}}`
	var keystone, tempauth string
	for _, c := range []struct {
		name, method, path, body string
		header                   func() []string
		status                   int
		keeps                    bool
	}{
		{"anonymous", "GET", "/info", "", nil, 200, false},
		{"wrong token", "GET", "/v1/AUTH_test", "", func() []string { return []string{"X-Auth-Token", "AUTH_tkno"} }, 401, false},
		{"wrong password", "GET", "/auth/v1.0", "", func() []string { return []string{"X-Auth-User", "test:tester", "X-Auth-Key", "no"} }, 401, false},
		{"TempAuth's login", "GET", "/auth/v1.0", "", func() []string { return []string{"X-Auth-User", "test:tester", "X-Auth-Key", "testing"} }, 200, true},
		{"Swift", "GET", "/v1/AUTH_test", "", func() []string { return []string{"X-Auth-Token", tempauth} }, 204, true},
		{"Keystone's login", "POST", "/v3/auth/tokens", login, nil, 201, true},
		{"Keystone", "GET", "/v3/auth/catalog", "", func() []string { return []string{"X-Auth-Token", keystone} }, 200, true},
		{"Glance", "GET", "/v2/images", "", func() []string { return []string{"X-Auth-Token", keystone} }, 200, true},
	} {
		var header []string
		if c.header != nil {
			header = c.header()
		}
		holder := connect(t, addr)
		var res *http.Response
		for res == nil || res.StatusCode == 503 { // the one before may not have ended yet
			if res = holder.ask(t, c.method, c.path, c.body, header...); res == nil || res.StatusCode == 503 {
				holder = connect(t, addr)
			}
		}
		if res.StatusCode != c.status {
			t.Fatalf("%s: %s", c.name, res.Status)
		}
		if token := res.Header.Get("X-Subject-Token"); token != "" {
			keystone = token
		}
		if token := res.Header.Get("X-Auth-Token"); token != "" {
			tempauth = token
		}
		newcomer := connect(t, addr)
		res = newcomer.ask(t, "GET", "/info", "")
		if kept := res != nil && res.StatusCode == 503; kept != c.keeps {
			t.Errorf("%s: the newcomer gets %v", c.name, res)
		}
		_ = holder.Close()
		_ = newcomer.Close()
	}
}
