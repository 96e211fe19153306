// SPDX-License-Identifier: Apache-2.0

package etagquoter

import (
	"testing"

	"github.com/stretchr/testify/require"

	"needletail/objstore"
	"needletail/objstore/memstore"
	"needletail/proxy/pyjson"
	"needletail/proxy/swift"
	"needletail/proxy/swift/feature"
	"needletail/proxy/web"
)

// TestEtags has what the rest of the pipeline may answer; the flags are tested
// with the whole pipeline.
func TestEtags(t *testing.T) {
	store := memstore.New(memstore.Options{Policies: objstore.DefaultPolicies()})
	defer store.Close()
	_, err := store.PutContainer(t.Context(), objstore.ContainerID{Account: "a", Container: "c"}, objstore.PutContainerOptions{})
	require.NoError(t, err)
	for _, c := range []struct {
		byDefault        bool
		path, etag, want string
	}{
		{true, "/v1/a/c/o", "unquoted", `"unquoted"`},
		{true, "/v1/a/c/o", `"quoted"`, `"quoted"`},
		{true, "/v1/a/c/o", `W/"weak"`, `W/"weak"`},
		{true, "/v1/a/c/o", `"half`, `""half"`},
		{true, "/v1/a/c", "unquoted", "unquoted"},
		{true, "/v1/a", "unquoted", "unquoted"},
		{true, "/v1/a/missing/o", "unquoted", "unquoted"},
		{true, "/v2/a/c/o", "unquoted", "unquoted"},
		{true, "/v1/a/c/o", "", ""},
		{false, "/v1/a/c/o", "unquoted", "unquoted"},
	} {
		h := New(Options{EnableByDefault: c.byDefault}, store)(swift.HandlerFunc(func(*swift.Request) (*web.Response, error) {
			if c.etag == "" {
				return web.NewResponse(404), nil
			}
			return web.NewResponse(200, web.HeaderField{Name: "ETag", Value: c.etag}), nil
		}))
		res, err := h.Serve(&swift.Request{Request: &web.Request{Method: "GET", Path: c.path}})
		require.NoError(t, err)
		require.Equal(t, c.want, res.Header.Get("Etag"), "%+v", c)
	}
	require.Equal(t, `{"enable_by_default": true}`, string(pyjson.Marshal(Options{EnableByDefault: true}.Info(feature.Site{})[0].Value)))
}
