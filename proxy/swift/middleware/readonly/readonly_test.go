// SPDX-License-Identifier: Apache-2.0

package readonly

import (
	"testing"

	"github.com/stretchr/testify/require"

	"needletail/objstore"
	"needletail/objstore/memstore"
	"needletail/proxy/swift"
	"needletail/proxy/swift/feature"
	"needletail/proxy/web"
)

func TestReadOnly(t *testing.T) {
	store := memstore.New(memstore.Options{Policies: objstore.DefaultPolicies()})
	defer store.Close()
	for account, flag := range map[objstore.AccountName]string{"ro": "true", "rw": "false", "plain": ""} {
		var u objstore.MetadataUpdate
		u.Set.Set(sysmeta, flag)
		_, err := store.PostAccount(t.Context(), account, u)
		require.NoError(t, err)
	}
	for _, c := range []struct {
		config              Options
		method, path, named string
		status              int
	}{
		{Options{}, "PUT", "/v1/plain/c", "", 200},
		{Options{}, "PUT", "/v1/ro/c", "", 405},
		{Options{}, "GET", "/v1/ro/c", "", 200},
		{Options{}, "DELETE", "/v1/ro/c/o", "", 405},
		{Options{AllowDeletes: true}, "DELETE", "/v1/ro/c/o", "", 200},
		{Options{}, "COPY", "/v1/ro/c/o", "", 405},
		{Options{}, "COPY", "/v1/ro/c/o", "plain", 200},
		{Options{}, "COPY", "/v1/plain/c/o", "r%6F", 405},
		{Options{}, "COPY", "/v1/plain/c/o", "a/b", 412},
		{Options{ReadOnly: true}, "PUT", "/v1/plain/c", "", 405},
		{Options{ReadOnly: true}, "POST", "/v1/plain", "", 405},
		{Options{ReadOnly: true}, "POST", "/v1/rw", "", 200},
		{Options{ReadOnly: true}, "PUT", "/v1/missing/c", "", 405},
		{Options{ReadOnly: true}, "HEAD", "/v1/plain", "", 200},
		{Options{ReadOnly: true}, "OPTIONS", "/v1/plain", "", 200},
		{Options{ReadOnly: true}, "POST", "/auth", "", 200},
	} {
		h := New(c.config, store)(swift.HandlerFunc(func(*swift.Request) (*web.Response, error) {
			return web.NewResponse(200), nil
		}))
		r := &swift.Request{Request: &web.Request{Method: c.method, Path: c.path}}
		if c.named != "" {
			r.Header.Add("Destination-Account", c.named)
		}
		status := 200
		if _, err := h.Serve(r); err != nil {
			status = web.ErrorResponse(err).Status
		}
		require.Equal(t, c.status, status, "%+v", c)
	}
	require.Nil(t, Options{}.Info(feature.Site{}))
	require.Equal(t, "read_only", Options{ReadOnly: true}.Info(feature.Site{})[0].Name)
}
