// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"needletail/cmd/harness/testserver"
)

// asked is the answer of a running server to a request for a host.
func asked(t *testing.T, p *testserver.Process, path, host string) (status int, header http.Header, body string) {
	t.Helper()
	r, err := http.NewRequest("GET", p.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = host
	r.Header.Set("X-Forwarded-Proto", "ftp")
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, res.Header, string(text)
}

// links are all URLs in a JSON document.
func links(t *testing.T, body string) (found []string) {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case string:
			if strings.Contains(v, "://") {
				found = append(found, v)
			}
		case []any:
			for _, e := range v {
				walk(e)
			}
		case map[string]any:
			for _, e := range v {
				walk(e)
			}
		}
	}
	walk(v)
	return found
}

// TestDiscoveryFollowsPublicURL: every link that clients follow is below
// public_url if that is set, whatever Host a front passes on, and else below the
// request's own.
func TestDiscoveryFollowsPublicURL(t *testing.T) {
	for _, c := range []struct{ public, host, want string }{
		{"https://cloud.example:8443", "cloud.example:8443", "https://cloud.example:8443"},
		{"https://cloud.example:8443/", "inner:8080", "https://cloud.example:8443"},
		{"", "cloud.example:99", "http://cloud.example:99"},
	} {
		var args []string
		if c.public != "" {
			args = append(args, "--public-url", c.public)
		}
		p := testserver.Start(t, t.TempDir(), args...)
		for path, below := range map[string]string{
			"/identity": "/identity/v3/", "/identity/": "/identity/v3/", "/identity/v3": "/identity/v3/",
			"/image": "/image/v2/", "/image/": "/image/v2/", "/image/versions": "/image/v2/",
		} {
			_, header, body := asked(t, p, path, c.host)
			found := append(links(t, body), header["Location"]...)
			if len(found) == 0 {
				t.Errorf("%q: %s has no link", c.public, path)
			}
			for _, link := range found {
				if link != c.want+below {
					t.Errorf("%q: %s links to %s, want %s", c.public, path, link, c.want+below)
				}
			}
		}
		if c.public == "" {
			continue
		}
		for path, want := range map[string]string{
			"/identity/v3/users": `Keystone uri="` + c.want + `/identity/v3"`, "/image/v2/images": c.want + "/identity",
			"/v1/AUTH_x": c.want + "/identity",
		} {
			status, header, _ := asked(t, p, path, c.host)
			if got := strings.Join(header["Www-Authenticate"], " "); status != 401 || !strings.Contains(got, want) {
				t.Errorf("%q: %s is %d with %s, want %s", c.public, path, status, got, want)
			}
		}
	}
}

// TestStorageURLFollowsPublicURL: TempAuth tells the scheme that clients come by.
func TestStorageURLFollowsPublicURL(t *testing.T) {
	p := testserver.Start(t, t.TempDir(), "--public-url", "https://cloud.example:8443", "--tempauth-user", "test:tester=testing,.admin")
	r, err := http.NewRequest("GET", p.URL+"/auth/v1.0", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = "cloud.example:8443"
	r.Header.Set("X-Auth-User", "test:tester")
	r.Header.Set("X-Auth-Key", "testing")
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if got := res.Header.Get("X-Storage-Url"); got != "https://cloud.example:8443/v1/AUTH_test" {
		t.Errorf("X-Storage-Url %s", got)
	}
}
