// SPDX-License-Identifier: Apache-2.0

package httpfront

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"needletail/proxy/web"
)

// TestChange: a request has the settings of its first byte to its end, the next
// request of the connection has the new settings, and the trust in a proxy
// follows.
func TestChange(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	done := make(chan string, 2)
	old := Options{
		Handler: web.HandlerFunc(func(r *web.Request) (*web.Response, error) {
			close(entered)
			<-leave
			return web.NewBytes(200, "text/plain", []byte("old "+r.RemoteAddr)), nil
		}),
		OnDone:         func(Done) { done <- "old" },
		TrustedProxies: proxies(t, "127.0.0.0/8"),
	}
	s, addr := start(t, old)
	conn, err := net.Dial("tcp", addr)
	require.NoError(t, err)
	defer conn.Close()
	in := bufio.NewReader(conn)
	ask := func() {
		_, err = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 192.0.2.9\r\n\r\n")
	}
	answer := func() string {
		res, err := http.ReadResponse(in, nil)
		require.NoError(t, err)
		body, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		return string(body)
	}
	ask()
	require.NoError(t, err)
	<-entered
	s.Change(Options{
		Handler: web.HandlerFunc(func(r *web.Request) (*web.Response, error) {
			return web.NewBytes(200, "text/plain", []byte("new "+r.RemoteAddr)), nil
		}),
		OnDone: func(Done) { done <- "new" },
	})
	close(leave)
	require.Equal(t, "old 192.0.2.9", answer())
	require.Equal(t, "old", <-done)
	ask()
	require.NoError(t, err)
	require.Equal(t, "new 127.0.0.1", answer())
	require.Equal(t, "new", <-done)
}

// TestChangeKeepsTheMachine: the shares of the machine stay as they were.
func TestChangeKeepsTheMachine(t *testing.T) {
	o := Options{Handler: new(recorder), MaxConnections: 7, Memory: web.NewMemory(1), Heads: web.NewMemory(2), Logger: discardLog()}
	s := New(o)
	s.Change(Options{Handler: o.Handler, MaxConnections: 8, MaxHeaderBytes: 9})
	now := s.now.Load()
	require.Equal(t, 7, now.MaxConnections)
	require.Same(t, o.Memory, now.Memory)
	require.Same(t, o.Heads, now.Heads)
	require.Same(t, o.Logger, now.Logger)
	require.Equal(t, 9, now.MaxHeaderBytes)
	require.Equal(t, DefaultIdleTimeout, now.IdleTimeout)
}
