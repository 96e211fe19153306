// SPDX-License-Identifier: Apache-2.0

package listendpoints

import (
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"needletail/objstore"
	"needletail/objstore/memstore"
	"needletail/proxy/swift"
	"needletail/proxy/web"
)

func TestEndpoints(t *testing.T) {
	policies := objstore.Policies{{Index: 3, Name: "gold", Default: true}, {Index: 7, Name: "silver"}}
	store := memstore.New(memstore.Options{Policies: policies})
	defer store.Close()
	silver := objstore.PolicyIndex(7)
	_, err := store.PutContainer(t.Context(), objstore.ContainerID{Account: "a", Container: "c"}, objstore.PutContainerOptions{Policy: &silver})
	require.NoError(t, err)
	get := func(c Options, method, path string) (int, string) {
		h := New(c, store, policies)(swift.HandlerFunc(func(*swift.Request) (*web.Response, error) { return web.NewResponse(404), nil }))
		res, err := h.Serve(&swift.Request{Request: &web.Request{Method: method, Path: path, Scheme: "http", Host: "h:1"}})
		if err != nil {
			res = web.ErrorResponse(err)
		}
		if res.Body == nil {
			return res.Status, ""
		}
		b, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		return res.Status, string(b)
	}
	for path, want := range map[string]string{
		"/endpoints/a":          `["http://h:1/v1/a"]`,
		"/endpoints/a/c":        `["http://h:1/v1/a/c"]`,
		"/endpoints/a/c/o 1/x/": `["http://h:1/v1/a/c/o%201/x/"]`,
		"/endpoints/v1/a/c":     `["http://h:1/v1/a/c"]`,
		"/endpoints/1.0/a":      `["http://h:1/v1/a"]`,
		"/endpoints/v_3/c":      `["http://h:1/v1/v_3/c"]`,
		"/endpoints/v2/a":       `{"endpoints": ["http://h:1/v1/a"], "headers": {}}`,
		"/endpoints/v2.0/a/c":   `{"endpoints": ["http://h:1/v1/a/c"], "headers": {}}`,
		"/endpoints/v2/a/c/o":   `{"endpoints": ["http://h:1/v1/a/c/o"], "headers": {"X-Backend-Storage-Policy-Index": "7"}}`,
		"/endpoints/v2/a/no/o":  `{"endpoints": ["http://h:1/v1/a/no/o"], "headers": {"X-Backend-Storage-Policy-Index": "3"}}`,
	} {
		status, body := get(Options{}, "GET", path)
		require.Equal(t, 200, status, path)
		require.Equal(t, want, body, path)
	}
	for path, text := range map[string]string{
		"/endpoints/": "No account specified", "/endpoints/v1": "No account specified", "/endpoints/v1/": "No account specified",
		"/endpoints/v3/a": "Unsupported version 'v3'", "/endpoints/a//o": "No account specified",
		"/endpoints/.glance/images": "No account specified", "/endpoints/v2/\xffversions.a/c": "No account specified",
	} {
		status, body := get(Options{}, "GET", path)
		require.Equal(t, 400, status, path)
		require.Equal(t, text, body, path)
	}
	status, _ := get(Options{}, "PUT", "/endpoints/a")
	require.Equal(t, 405, status)
	status, _ = get(Options{Path: "/where"}, "GET", "/endpoints/a")
	require.Equal(t, 404, status)
	status, _ = get(Options{Path: "/where"}, "GET", "/where/a")
	require.Equal(t, 200, status)
}
