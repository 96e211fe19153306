// SPDX-License-Identifier: Apache-2.0

package domainremap

import (
	"testing"

	"github.com/stretchr/testify/require"

	"needletail/proxy/pyjson"
	"needletail/proxy/swift"
	"needletail/proxy/swift/feature"
	"needletail/proxy/web"
)

// remap gives the paths with which a request reaches the next handler.
func remap(t *testing.T, c Options, host, raw string) (path, rawPath string, err error) {
	t.Helper()
	h := New(c)(swift.HandlerFunc(func(r *swift.Request) (*web.Response, error) {
		path, rawPath = r.Path, r.RawPath
		return web.NewResponse(200), nil
	}))
	_, err = h.Serve(&swift.Request{Request: &web.Request{Method: "GET", Host: host, RawPath: raw, Path: web.Unquote(raw)}})
	return path, rawPath, err
}

func TestRemap(t *testing.T) {
	plain := Options{StorageDomains: []string{"example.com", ".storage.net"}}
	fallback := Options{StorageDomains: plain.StorageDomains, DefaultResellerPrefix: "AUTH"}
	anyName := Options{StorageDomains: plain.StorageDomains, ResellerPrefixes: []string{}}
	two := Options{StorageDomains: plain.StorageDomains, ResellerPrefixes: []string{"PRE1", "PRE2"}}
	mangle := Options{StorageDomains: plain.StorageDomains, MangleClientPaths: true}
	rooted := Options{StorageDomains: plain.StorageDomains, PathRoot: "/v2/"}
	for _, c := range []struct {
		config           Options
		host, path, want string
	}{
		// swift's test_domain_remap.py
		{plain, "elsewhere.com", "/c/o", "/c/o"},
		{plain, "example.com", "/c/o", "/c/o"},
		{plain, "AUTH_a.example.com", "/", "/v1/AUTH_a/"},
		{plain, "AUTH_a.example.com", "/v1", "/v1/AUTH_a/v1"},
		{plain, "AUTH-uuid.example.com", "/v1", "/v1/AUTH_uuid/v1"},
		{plain, "AUTH-a-b.example.com", "/c", "/v1/AUTH_a-b/c"},
		{plain, "AUTH_a-b.example.com", "/c", "/v1/AUTH_a-b/c"},
		{plain, "c.AUTH_a.example.com", "/", "/v1/AUTH_a/c/"},
		{plain, "c.AUTH_a.example.com:8080", "/obj", "/v1/AUTH_a/c/obj"},
		{plain, "c.AUTH_a.example.com", "//v1", "/v1/AUTH_a/c//v1"},
		{plain, "c.auth-a.storage.net", "/obj", "/v1/AUTH_a/c/obj"},
		{plain, "a.example.com", "/c/o", "/c/o"},
		{fallback, "a.example.com", "/c/o", "/v1/AUTH_a/c/o"},
		{fallback, "uuid-x.example.com", "/c", "/v1/AUTH_uuid_x/c"},
		{anyName, "uuid-x.example.com", "/c", "/v1/uuid-x/c"},
		{two, "PRE2_a.example.com", "/c", "/v1/PRE2_a/c"},
		{two, "pre1-a.example.com", "/c", "/v1/PRE1_a/c"},
		{mangle, "c.AUTH_a.example.com", "/v1", "/v1/AUTH_a/c/"},
		{mangle, "c.AUTH_a.example.com", "/v1/obj", "/v1/AUTH_a/c/obj"},
		{mangle, "c.AUTH_a.example.com", "/v1x", "/v1/AUTH_a/c/v1x"},
		{rooted, "c.AUTH_a.example.com", "/obj", "/v2/AUTH_a/c/obj"},
	} {
		path, raw, err := remap(t, c.config, c.host, c.path)
		require.NoError(t, err, "%+v", c)
		require.Equal(t, c.want, path, "%+v", c)
		require.Equal(t, c.want, raw, "%+v", c)
	}
}

func TestRemapKeepsWhatIsQuoted(t *testing.T) {
	path, raw, err := remap(t, Options{StorageDomains: []string{"example.com"}}, "d\u00e9.AUTH_a.example.com", "/a%2Fb%20c")
	require.NoError(t, err)
	require.Equal(t, "/v1/AUTH_a/d\u00e9/a/b c", path)
	require.Equal(t, "/v1/AUTH_a/d%C3%A9/a%2Fb%20c", raw)
}

func TestTooManyLabels(t *testing.T) {
	_, _, err := remap(t, Options{StorageDomains: []string{"example.com"}}, "x.c.AUTH_a.example.com", "/")
	res := web.ErrorResponse(err)
	require.Equal(t, 400, res.Status)
	require.Equal(t, "text/plain", res.Header.Get("Content-Type"))
}

func TestLocationIsMappedBack(t *testing.T) {
	location := "http://c.AUTH_a.example.com/v1/AUTH_a/c/a%20b/?x=1"
	h := New(Options{StorageDomains: []string{"example.com"}})(swift.HandlerFunc(func(*swift.Request) (*web.Response, error) {
		return web.NewResponse(301, web.HeaderField{Name: "Location", Value: location}), nil
	}))
	for _, c := range []struct{ location, want string }{
		{location, "http://c.AUTH_a.example.com/a%20b/?x=1"},
		{"https://elsewhere/v1/AUTH_a/c/a%20b", "https://elsewhere/a%20b"},
		{"http://c.AUTH_a.example.com/v1/AUTH_a/other", "http://c.AUTH_a.example.com/v1/AUTH_a/other"},
		{"/v1/AUTH_a/c/a%20b", "/v1/AUTH_a/c/a%20b"},
	} {
		location = c.location
		res, err := h.Serve(&swift.Request{Request: &web.Request{Method: "GET", Host: "c.AUTH_a.example.com", RawPath: "/a%20b", Path: "/a b"}})
		require.NoError(t, err)
		require.Equal(t, c.want, res.Header.Get("Location"))
	}
}

func TestMatches(t *testing.T) {
	c := Options{StorageDomains: []string{"example.com", ""}}
	require.True(t, c.Matches("a.example.com:80"))
	require.False(t, c.Matches("example.com"))
	require.False(t, c.Matches("badexample.com"))
	require.False(t, Options{}.Matches("a.example.com"))
}

func TestInfo(t *testing.T) {
	require.Equal(t, `{"default_reseller_prefix": null}`, string(pyjson.Marshal(Options{StorageDomains: []string{"d"}}.Info(feature.Site{})[0].Value)))
	require.Equal(t, `{"default_reseller_prefix": "AUTH"}`, string(pyjson.Marshal(Options{StorageDomains: []string{"d"}, DefaultResellerPrefix: "AUTH"}.Info(feature.Site{})[0].Value)))
}
