package proxy

import (
	"testing"

	"github.com/stretchr/testify/require"

	"needletail/proxy/middleware/domainremap"
	"needletail/proxy/swift"
)

// TestDomainRemapTakesEveryPathOfItsHosts: also those of other services, and
// one that looks like another API version.
func TestDomainRemapTakesEveryPathOfItsHosts(t *testing.T) {
	remap := domainremap.Config{StorageDomains: []string{"example.com"}}
	var seen string
	echo := func(name string) swift.Handler {
		return swift.HandlerFunc(func(r *swift.Request) (*swift.Response, error) {
			seen = name + " " + r.Path
			return swift.NewResponse(200), nil
		})
	}
	m := &Mount{
		Swift: domainremap.New(remap)(echo("swift")), Keystone: echo("keystone"), Glance: echo("glance"), Metrics: echo("metrics"),
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
		_, err := m.Serve(&swift.Request{Method: "GET", Host: c.host, Path: c.path, RawPath: c.path})
		require.NoError(t, err)
		require.Equal(t, c.want, seen, "%+v", c)
	}
}
