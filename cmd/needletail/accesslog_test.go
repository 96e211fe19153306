// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"needletail/cmd/harness/testserver"
)

// TestSwiftAccessLog lets a server write Swift's lines: for a login, for a
// write with that token, and for a client that leaves in the middle of one.
func TestSwiftAccessLog(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "access.log")
	config := filepath.Join(dir, "needletail.toml")
	text := fmt.Sprintf("[log]\nswift_access = true\nswift_access_file = %q\n", file)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	p := testserver.Start(t, filepath.Join(dir, "data"), "--config", config, "--tempauth-user", "test:tester=testing,.admin")
	do := func(method, path, body string, header ...string) *http.Response {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, p.URL+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(header); i += 2 {
			req.Header.Set(header[i], header[i+1])
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if err := res.Body.Close(); err != nil {
			t.Fatal(err)
		}
		return res
	}
	token := do("GET", "/auth/v1.0", "", "X-Auth-User", "test:tester", "X-Auth-Key", "testing").Header.Get("X-Auth-Token")
	do("GET", "/healthcheck", "")
	do("PUT", "/v1/AUTH_test/c", "", "X-Auth-Token", token)
	do("PUT", "/v1/AUTH_test/c/o%20o", "12345", "X-Auth-Token", token, "User-Agent", "agent one")
	conn, err := net.Dial("tcp", strings.TrimPrefix(p.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(conn, "PUT /v1/AUTH_test/c/cut HTTP/1.1\r\nHost: h\r\nX-Auth-Token: %s\r\nContent-Length: 9\r\n\r\nabc", token)
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, conn); err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	p.Stop() // after it every line has been written
	lines, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(lines, []byte(token)) {
		t.Fatalf("the whole token is in\n%s", lines)
	}
	want := []string{
		"127.0.0.1 127.0.0.1 * GET /auth/v1.0 HTTP/1.1 200 - Go-http-client/1.1 - - * - * - * - - * * - -",
		"127.0.0.1 127.0.0.1 * PUT /v1/AUTH_test/c HTTP/1.1 201 - Go-http-client/1.1 TOKEN - * - * - * - - * * 0 -",
		"127.0.0.1 127.0.0.1 * PUT /v1/AUTH_test/c/o%2520o HTTP/1.1 201 - agent%20one TOKEN 5 * - * - * - - * * 0 -",
		"127.0.0.1 127.0.0.1 * PUT /v1/AUTH_test/c/cut HTTP/1.1 499 - - TOKEN 3 * - * - * - - * * 0 -",
	}
	got := strings.Split(strings.TrimSuffix(string(lines), "\n"), "\n")
	if len(got) != len(want) {
		t.Fatalf("%d lines:\n%s", len(got), lines)
	}
	for _, line := range want {
		w := strings.Split(strings.ReplaceAll(line, "TOKEN", token[:16]+"..."), " ")
		// A line follows its answer: the next request may have its own before.
		i := slices.IndexFunc(got, func(g string) bool { return strings.Contains(g, " "+w[4]+" ") })
		if i < 0 {
			t.Fatalf("no line of %s:\n%s", w[4], lines)
		}
		g := strings.Split(got[i], " ")
		if len(g) != len(w) {
			t.Fatalf("%d fields: %s", len(g), got[i])
		}
		for f := range w {
			if w[f] != "*" && w[f] != g[f] {
				t.Errorf("field %d of %q is not %q", f, got[i], w[f])
			}
		}
	}
}
