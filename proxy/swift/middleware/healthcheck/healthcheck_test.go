// SPDX-License-Identifier: Apache-2.0

package healthcheck

import (
	"errors"
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
	var ready error
	h := New(flag, func() error { return ready })(swift.HandlerFunc(func(*swift.Request) (*web.Response, error) { return nil, web.Status(404) }))
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
	for _, path := range []string{"/healthcheck/", "/healthcheck/lives", "/healthcheck/ready/", "/v1/healthcheck", "/"} {
		status, _ = get(path)
		require.Equal(t, 404, status, path)
	}
	require.NoError(t, os.WriteFile(flag, nil, 0o600))
	status, body = get("/healthcheck")
	require.Equal(t, 503, status)
	require.Equal(t, "DISABLED BY FILE", body)
	status, body = get("/healthcheck/ready")
	require.Equal(t, 503, status)
	require.Equal(t, "DISABLED BY FILE", body)
	status, body = get("/healthcheck/live")
	require.Equal(t, 200, status, "a restart helps nobody")
	require.Equal(t, "OK", body)

	require.NoError(t, os.Remove(flag))
	status, body = get("/healthcheck/ready")
	require.Equal(t, 200, status)
	require.Equal(t, "OK", body)
	ready = errors.New("the server is stopping")
	status, body = get("/healthcheck/ready")
	require.Equal(t, 503, status)
	require.Equal(t, "NOT READY: the server is stopping", body)
	for _, path := range []string{"/healthcheck", "/healthcheck/live"} {
		status, _ = get(path)
		require.Equal(t, 200, status, path)
	}
}

// The checks count apart from requests of clients.
func TestServiceIsNoted(t *testing.T) {
	h := New("", nil)(swift.HandlerFunc(func(*swift.Request) (*web.Response, error) { return web.NewResponse(204), nil }))
	for path, want := range map[string]string{"/healthcheck": Service, "/healthcheck/live": Service, "/healthcheck/ready": Service, "/v1/a": "swift"} {
		r := &swift.Request{Request: &web.Request{Method: "GET", Path: path}}
		r.Log.Service = "swift"
		res, err := h.Serve(r)
		require.NoError(t, err)
		require.Less(t, res.Status, 300, path)
		require.Equal(t, want, r.Log.Service, path)
	}
}
