// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"needletail/proxy/swift"
	"needletail/proxy/swift/middleware/domainremap"
	"needletail/proxy/web"
)

func TestMountDividesPaths(t *testing.T) {
	var got string
	named := func(name string) web.Handler {
		return web.HandlerFunc(func(r *web.Request) (*web.Response, error) {
			got = name + " " + r.BasePath + " " + r.Path
			return web.NewResponse(200), nil
		})
	}
	m := &Mount{Swift: named("swift"), Keystone: named("keystone"), Glance: named("glance"), Metrics: named("metrics")}
	f := func(raw, want string) {
		t.Helper()
		if _, err := m.Serve(&web.Request{RawPath: raw, Path: web.Unquote(raw)}); err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("%s went to %q, want %q", raw, got, want)
		}
	}
	f("/identity", "keystone /identity /")
	f("/identity/", "keystone /identity /")
	f("/identity/v3/auth/tokens", "keystone /identity /v3/auth/tokens")
	f("/v3/auth/tokens", "keystone  /v3/auth/tokens")
	f("/v3", "keystone  /v3")
	f("/image", "glance /image /")
	f("/image/v2/images", "glance /image /v2/images")
	f("/v2/images/x/file", "glance  /v2/images/x/file")
	f("/v2.16/images", "glance  /v2.16/images")
	f("/v2/schemas/image", "glance  /v2/schemas/image")
	f("/", "glance  /")
	f("/versions", "glance  /versions")
	f("/metrics", "metrics  /metrics")
	f("/v1/AUTH_a/c/o", "swift  /v1/AUTH_a/c/o")
	f("/v1/AUTH_a/identity/o", "swift  /v1/AUTH_a/identity/o")
	f("/v2/AUTH_a", "swift  /v2/AUTH_a")
	f("/v2", "swift  /v2")
	f("/v20/images", "swift  /v20/images")
	f("/identityx", "swift  /identityx")
	f("/%69dentity/v3", "keystone /identity /v3")
	f("/info", "swift  /info")
	f("/healthcheck", "swift  /healthcheck")
	f("/auth/v1.0", "swift  /auth/v1.0")
	f("//v1/AUTH_a", "swift  //v1/AUTH_a")
}

// TestMountKnowsTheSchemeOfThePublicURL: who ends TLS in front passes the Host on.
func TestMountKnowsTheSchemeOfThePublicURL(t *testing.T) {
	var scheme string
	m := &Mount{Swift: web.HandlerFunc(func(r *web.Request) (*web.Response, error) {
		scheme = r.Scheme
		return web.NewResponse(200), nil
	})}
	for _, c := range []struct{ public, host, want string }{
		{"https://cloud.example:8443", "cloud.example:8443", "https"},
		{"https://cloud.example:8443", "CLOUD.example:8443", "https"},
		{"https://cloud.example:8443", "cloud.example", "http"},
		{"https://cloud.example:8443", "inner:8080", "http"},
		{"https://cloud.example", "cloud.example", "https"},
		{"https://cloud.example/", "cloud.example:443", "https"},
		{"https://cloud.example:443/below", "cloud.example", "https"},
		{"https://cloud.example", "cloud.example:80", "http"},
		{"http://cloud.example", "cloud.example:80", "http"},
		{"", "cloud.example", "http"},
		{"", "", "http"},
	} {
		m.PublicURL = c.public
		if _, err := m.Serve(&web.Request{Path: "/info", Host: c.host, Scheme: "http"}); err != nil || scheme != c.want {
			t.Errorf("%s behind %s: %s, %v", c.host, c.public, scheme, err)
		}
	}
}

// TestDomainRemapTakesEveryPathOfItsHosts: also those of other services, and
// one that looks like another API version.
func TestDomainRemapTakesEveryPathOfItsHosts(t *testing.T) {
	remap := domainremap.Options{StorageDomains: []string{"example.com"}}
	var seen string
	echo := func(name string) web.Handler {
		return web.HandlerFunc(func(r *web.Request) (*web.Response, error) {
			seen = name + " " + r.Path
			return web.NewResponse(200), nil
		})
	}
	inner := swift.HandlerFunc(func(r *swift.Request) (*web.Response, error) { return echo("swift").Serve(r.Request) })
	m := &Mount{
		Swift: swift.Door(domainremap.New(remap)(inner)), Keystone: echo("keystone"), Glance: echo("glance"), Metrics: echo("metrics"),
		SwiftHost: remap.Matches,
	}
	for _, c := range []struct{ host, path, want string }{
		{"AUTH-a.example.com", "/", "swift /v1/AUTH_a/"},
		{"AUTH-a.example.com:80", "/identity/v3", "swift /v1/AUTH_a/identity/v3"},
		{"c.AUTH-a.example.com", "/v2/images", "swift /v1/AUTH_a/c/v2/images"},
		{"c.AUTH-a.example.com", "/metrics", "swift /v1/AUTH_a/c/metrics"},
		{"example.com", "/", "glance /"},
		{"example.com", "/metrics", "metrics /metrics"},
	} {
		r := &web.Request{Method: "GET", Host: c.host, Path: c.path, RawPath: c.path}
		_, err := m.Serve(r)
		require.NoError(t, err)
		require.Equal(t, c.want, seen, "%+v", c)
		service, _, _ := strings.Cut(c.want, " ")
		require.Equal(t, service, r.Log.Service, "%+v", c)
	}
}
