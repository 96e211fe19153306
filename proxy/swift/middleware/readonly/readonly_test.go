package readonly

import (
	"testing"

	"github.com/stretchr/testify/require"

	"needletail/objstore"
	"needletail/objstore/memstore"
	"needletail/proxy/swift"
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
		config              Config
		method, path, named string
		status              int
	}{
		{Config{}, "PUT", "/v1/plain/c", "", 200},
		{Config{}, "PUT", "/v1/ro/c", "", 405},
		{Config{}, "GET", "/v1/ro/c", "", 200},
		{Config{}, "DELETE", "/v1/ro/c/o", "", 405},
		{Config{AllowDeletes: true}, "DELETE", "/v1/ro/c/o", "", 200},
		{Config{}, "COPY", "/v1/ro/c/o", "", 405},
		{Config{}, "COPY", "/v1/ro/c/o", "plain", 200},
		{Config{}, "COPY", "/v1/plain/c/o", "r%6F", 405},
		{Config{}, "COPY", "/v1/plain/c/o", "a/b", 412},
		{Config{ReadOnly: true}, "PUT", "/v1/plain/c", "", 405},
		{Config{ReadOnly: true}, "POST", "/v1/plain", "", 405},
		{Config{ReadOnly: true}, "POST", "/v1/rw", "", 200},
		{Config{ReadOnly: true}, "PUT", "/v1/missing/c", "", 405},
		{Config{ReadOnly: true}, "HEAD", "/v1/plain", "", 200},
		{Config{ReadOnly: true}, "OPTIONS", "/v1/plain", "", 200},
		{Config{ReadOnly: true}, "POST", "/auth", "", 200},
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
	require.Nil(t, Config{}.Info())
	require.Equal(t, "read_only", Config{ReadOnly: true}.Info().Name)
}
