// SPDX-License-Identifier: Apache-2.0

//go:build interop

package main

import (
	"io"
	"log/slog"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"needletail/objstore/cluster/swiftpeer"
)

// statsdLines reads n lines from a socket, without the values of times.
func statsdLines(t *testing.T, socket net.PacketConn, n int) (lines []string) {
	t.Helper()
	times := regexp.MustCompile(`:[0-9.e-]+\|ms`)
	buf := make([]byte, 64<<10)
	for len(lines) < n {
		size, _, err := socket.ReadFrom(buf)
		require.NoError(t, err, "%d lines are missing: %v", n-len(lines), lines)
		lines = append(lines, strings.Split(times.ReplaceAllString(string(buf[:size]), ":T|ms"), "\n")...)
	}
	require.Len(t, lines, n)
	return lines
}

func statsdSocket(t *testing.T) (socket net.PacketConn, port int) {
	t.Helper()
	socket, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = socket.Close() })
	require.NoError(t, socket.SetReadDeadline(time.Now().Add(time.Minute)))
	return socket, socket.LocalAddr().(*net.UDPAddr).Port
}

// TestInteropStatsd: a statsd gets the same figures of the same requests from the
// server and from OpenStack Swift's own filter (python3-swift, or the source in
// the folder $SWIFT_SRC).
func TestInteropStatsd(t *testing.T) {
	ours, port := statsdSocket(t)
	theirs, theirPort := statsdSocket(t)
	cfg := defaultSettings()
	cfg.Data = t.TempDir()
	cfg.TempAuth.Users = []string{"test:tester=testing,.admin"}
	cfg.Log.Access = false
	cfg.Statsd.Host, cfg.Statsd.Port, cfg.Statsd.MetricPrefix = "127.0.0.1", port, "a.b"
	require.NoError(t, cfg.Validate())
	base, token := serveWithSinks(t, cfg)
	swift := swiftpeer.Start(t, "testdata/swiftstatsd.py", "127.0.0.1", strconv.Itoa(theirPort), "a.b")
	for _, c := range []struct {
		method, path, body string
		lines              int
		policy             string
	}{
		{"PUT", "/v1/AUTH_test/c", "", 2, ""},
		{"PUT", "/v1/AUTH_test/c/o", "body", 4, "0"},
		{"GET", "/v1/AUTH_test/c/o", "", 6, "0"},
		{"HEAD", "/v1/AUTH_test/c/o", "", 4, "0"},
		{"POST", "/v1/AUTH_test/c/o", "", 4, "0"},
		{"GET", "/v1/AUTH_test/c/o/p/q", "", 6, "0"},
		{"GET", "/v1/AUTH_test/c/", "", 3, ""},
		{"GET", "/v1/AUTH_test", "", 3, ""},
		{"HEAD", "/v1/AUTH_test", "", 2, ""},
		{"GET", "/v1/AUTH_test/none", "", 3, ""},
		{"BREW", "/v1/AUTH_test/c", "", 2, ""},
		{"DELETE", "/v1/AUTH_test/c/o", "", 4, "0"},
		{"DELETE", "/v1/AUTH_test/c", "", 2, ""},
	} {
		req, err := http.NewRequestWithContext(t.Context(), c.method, base+c.path, strings.NewReader(c.body))
		require.NoError(t, err)
		req.Header.Set("X-Auth-Token", token)
		res, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		answer, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		swift.Ask(nil, c.method, c.path, c.body, res.StatusCode, len(answer), c.policy)
		require.Equal(t, statsdLines(t, theirs, c.lines), statsdLines(t, ours, c.lines), "%s %s: %d", c.method, c.path, res.StatusCode)
	}
	// The requests outside of accounts have no figures.
	res, body := get(t, base+"/info", token)
	require.Equal(t, 200, res.StatusCode)
	swift.Ask(nil, "GET", "/info", "", 200, len(body), "")
	res, _ = get(t, base+"/v1/AUTH_test", token)
	swift.Ask(nil, "GET", "/v1/AUTH_test", "", res.StatusCode, 0, "")
	require.Equal(t, statsdLines(t, theirs, 3)[:2], statsdLines(t, ours, 3)[:2])
}

// serveWithSinks serves a configuration together with the statsd's figures, and
// returns the URL and a user's token.
func serveWithSinks(t *testing.T, cfg settings) (base, token string) {
	t.Helper()
	logger := slog.New(slog.DiscardHandler)
	st, err := openStorage(cfg, logger)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, st.close()) })
	t.Setenv("OS_BOOTSTRAP_PASSWORD", "pw")
	require.NoError(t, st.bootstrap(t.Context(), cfg))
	to := sinks{statsd: cfg.Statsd.Client(logger)}
	front, err := newFront(cfg, st, logger, to)
	require.NoError(t, err)
	t.Cleanup(to.run(t.Context()))
	base = "http://" + serveFront(t, front)
	req, err := http.NewRequestWithContext(t.Context(), "GET", base+"/auth/v1.0", nil)
	require.NoError(t, err)
	req.Header.Set("X-Auth-User", "test:tester")
	req.Header.Set("X-Auth-Key", "testing")
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	return base, res.Header.Get("X-Auth-Token")
}
