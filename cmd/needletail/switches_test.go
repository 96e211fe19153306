// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"strings"
	"testing"

	"needletail/cmd/harness/testserver"
)

// What the configuration switches or limits is so for requests and for /info.
func TestSwitchesOfFilters(t *testing.T) {
	start := func(config string) (client, []string, map[string]json.RawMessage) {
		t.Helper()
		p := testserver.Start(t, t.TempDir()+"/data", "--tempauth-user", "test:tester=testing,.admin", "--config", testserver.WriteConfig(t, config))
		c := client{t, p.URL}
		_, h := c.do(200, "GET", "/auth/v1.0", "", "X-Auth-User", "test:tester", "X-Auth-Key", "testing")
		text, _ := c.do(200, "GET", "/info", "")
		var info map[string]json.RawMessage
		if err := json.Unmarshal([]byte(text), &info); err != nil {
			t.Fatal(err)
		}
		return c, []string{"X-Auth-Token", h.Get("X-Auth-Token")}, info
	}
	shows := func(info map[string]json.RawMessage, section, want string) {
		t.Helper()
		got, there := info[section]
		if want == "" && there || !strings.Contains(string(got), want) {
			t.Errorf("/info has %s = %s, want %q", section, got, want)
		}
	}
	const manifest, slo = `[{"path": "/c/o"}, {"path": "/c/o"}]`, "/v1/AUTH_test/c/slo?multipart-manifest=put"

	c, token, info := start("")
	shows(info, "slo", `"max_manifest_segments": 1000, "max_manifest_size": 8388608`)
	shows(info, "slo", `"allow_async_delete": true`)
	shows(info, "versioned_writes", "x-history-location")
	shows(info, "object_versioning", "{}")
	c.do(201, "PUT", "/v1/AUTH_test/c", "", append(token, "X-Container-Read", ".r:*,.rlistings", "X-Container-Meta-Web-Listings", "true")...)
	c.do(201, "PUT", "/v1/AUTH_test/c/o", "body", token...)
	c.do(201, "PUT", slo, manifest, token...)
	c.do(201, "PUT", "/v1/AUTH_test/v", "", append(token, "X-Versions-Location", "c")...)
	if page, _ := c.do(200, "GET", "/v1/AUTH_test/c/", ""); !strings.Contains(page, `<a href="o">o</a>`) {
		t.Errorf("links of listings: %s", page)
	}

	c, token, info = start("[filter.slo]\nmax_manifest_segments = 1\nmax_manifest_size = 40\nallow_async_delete = false\n" +
		"[filter.versioned_writes]\nallow_versioned_writes = false\nallow_object_versioning = false\n[filter.staticweb]\ndot_slash_links = true\n")
	shows(info, "slo", `"max_manifest_segments": 1, "max_manifest_size": 40`)
	shows(info, "slo", `"allow_async_delete": false`)
	shows(info, "versioned_writes", "")
	shows(info, "object_versioning", "")
	c.do(201, "PUT", "/v1/AUTH_test/c", "", append(token, "X-Container-Read", ".r:*,.rlistings", "X-Container-Meta-Web-Listings", "true", "X-Versions-Enabled", "true")...)
	if _, h := c.do(204, "HEAD", "/v1/AUTH_test/c", "", token...); h.Get("X-Versions-Enabled") != "" {
		t.Error("versions can be switched on")
	}
	c.do(201, "PUT", "/v1/AUTH_test/c/o", "body", token...)
	c.do(413, "PUT", slo, manifest, token...)
	c.do(413, "PUT", slo, `[{"path": "/c/o"}`+strings.Repeat(" ", 40)+"]", token...)
	c.do(201, "PUT", slo, `[{"path": "/c/o"}]`, token...)
	c.do(200, "DELETE", "/v1/AUTH_test/c/slo?multipart-manifest=delete&async=on", "", token...)
	if text, _ := c.do(412, "PUT", "/v1/AUTH_test/v", "", append(token, "X-Versions-Location", "c")...); text != "Versioned Writes is disabled" {
		t.Error(text)
	}
	c.do(404, "HEAD", "/v1/AUTH_test/v", "", token...)
	c.do(201, "PUT", "/v1/AUTH_test/v", "", append(token, "X-Remove-Versions-Location", "x")...)
	c.do(201, "PUT", "/v1/AUTH_test/c/p", "body", token...)
	if page, _ := c.do(200, "GET", "/v1/AUTH_test/c/", ""); !strings.Contains(page, `<a href="./p">p</a>`) {
		t.Errorf("links of listings: %s", page)
	}
}
