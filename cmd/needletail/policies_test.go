// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"needletail/cmd/harness/testserver"
)

// A server without configuration has two storage policies; a container keeps
// its own, also when a later start makes it deprecated, which only new
// containers are refused.
func TestPoliciesOfContainers(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	start := func(config string) (p *testserver.Process, want func(status int, policy, text, method, path string, lines ...string)) {
		p = testserver.Start(t, data, "--tempauth-user", "test:tester=testing,.admin", "--config", testserver.WriteConfig(t, config))
		c := client{t, p.URL}
		_, h := c.do(200, "GET", "/auth/v1.0", "", "X-Auth-User", "test:tester", "X-Auth-Key", "testing")
		token := h.Get("X-Auth-Token")
		return p, func(status int, policy, text, method, path string, lines ...string) {
			t.Helper()
			body, header := c.do(status, method, "/v1/AUTH_test"+path, "", append(lines, "X-Auth-Token", token)...)
			if got := header.Get("X-Storage-Policy"); got != policy || !strings.Contains(body, text) {
				t.Errorf("%s %s %q: policy %q, %q; want %q, %q", method, path, lines, got, body, policy, text)
			}
		}
	}
	p, want := start("")
	wantPolicies(t, p, `[{"name": "Policy-0", "aliases": "Policy-0, yellow, orange", "default": true}, {"name": "silver", "aliases": "silver"}]`)
	want(201, "", "", "PUT", "/plain")
	want(201, "", "", "PUT", "/orange", "X-Storage-Policy", "Orange")
	want(201, "", "", "PUT", "/silver", "X-Storage-Policy", "SILVER")
	want(400, "", "Invalid X-Storage-Policy 'gold'", "PUT", "/gold", "X-Storage-Policy", "gold")
	want(409, "", "", "PUT", "/silver", "X-Storage-Policy", "Policy-0")
	want(202, "", "", "PUT", "/silver")
	want(201, "", "", "PUT", "/silver/o")
	p.Stop()

	p, want = start("[[policy]]\nindex = 0\nname = \"Policy-0\"\ndefault = true\n[[policy]]\nindex = 1\nname = \"silver\"\ndeprecated = true\n")
	wantPolicies(t, p, `[{"name": "Policy-0", "aliases": "Policy-0", "default": true}]`)
	want(204, "Policy-0", "", "HEAD", "/plain")
	want(204, "Policy-0", "", "HEAD", "/orange")
	want(204, "silver", "", "HEAD", "/silver")
	want(400, "", "Storage Policy 'silver' is deprecated", "PUT", "/more", "X-Storage-Policy", "silver")
	want(201, "", "", "PUT", "/silver/more")
	want(200, "silver", "more\no\n", "GET", "/silver")
}

func wantPolicies(t *testing.T, p *testserver.Process, want string) {
	t.Helper()
	text, _ := client{t, p.URL}.do(200, "GET", "/info", "")
	var info struct {
		Swift struct {
			Policies json.RawMessage `json:"policies"`
		} `json:"swift"`
	}
	if err := json.Unmarshal([]byte(text), &info); err != nil {
		t.Fatal(err)
	}
	if got := string(info.Swift.Policies); got != want {
		t.Errorf("/info has the policies %s, want %s", got, want)
	}
}
