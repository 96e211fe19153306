// SPDX-License-Identifier: Apache-2.0

package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A server that was told to stop is alive and not ready, and its checks count
// apart from requests of clients.
func TestHealthOfAServerThatStops(t *testing.T) {
	cfg := defaultSettings()
	cfg.Data = t.TempDir()
	cfg.Log.Access = false
	st, addr := serveConfig(t, cfg)
	asks := func(path string, status int, want string) {
		t.Helper()
		res, body := get(t, "http://"+addr+path, "")
		require.Equal(t, status, res.StatusCode, path)
		require.Equal(t, want, body, path)
	}
	asks("/healthcheck/ready", 200, "OK")
	st.stopping.Store(true)
	asks("/healthcheck/ready", 503, "NOT READY: the server is stopping")
	asks("/healthcheck/live", 200, "OK")
	asks("/healthcheck", 200, "OK")
	_, page := get(t, "http://"+addr+"/metrics", "")
	require.Contains(t, page, `needletail_requests_total{method="GET",service="healthcheck",status="503"} 1`)
	require.NotContains(t, page, `service="swift"`)
}
