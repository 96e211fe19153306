// SPDX-License-Identifier: Apache-2.0

package healthcheck

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"needletail/proxy/swift"
	"needletail/proxy/web"
)

func TestHealthcheck(t *testing.T) {
	flag := filepath.Join(t.TempDir(), "disabled")
	h := New(flag)(swift.HandlerFunc(func(*swift.Request) (*web.Response, error) { return nil, web.Status(404) }))
	get := func(path string) (int, string) {
		res, err := h.Serve(&swift.Request{Request: &web.Request{Method: "GET", Path: path}})
		if err != nil {
			return 404, ""
		}
		body, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.Equal(t, "text/plain", res.Header.Get("Content-Type"))
		return res.Status, string(body)
	}
	status, body := get("/healthcheck")
	require.Equal(t, 200, status)
	require.Equal(t, "OK", body)
	for _, path := range []string{"/healthcheck/", "/v1/healthcheck", "/"} {
		status, _ = get(path)
		require.Equal(t, 404, status, path)
	}
	require.NoError(t, os.WriteFile(flag, nil, 0o600))
	status, body = get("/healthcheck")
	require.Equal(t, 503, status)
	require.Equal(t, "DISABLED BY FILE", body)
}
