// SPDX-License-Identifier: Apache-2.0

package copy

import (
	"encoding/json"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// slowReader gives its bytes one by one, each after a pause.
type slowReader struct {
	data  string
	pause time.Duration
}

func (s *slowReader) Read(p []byte) (int, error) {
	if s.data == "" {
		return 0, io.EOF
	}
	time.Sleep(s.pause)
	n := copy(p[:1], s.data)
	s.data = s.data[n:]
	return n, nil
}

func slowSource(body string, pause time.Duration) (*site, *closing) {
	s := &site{src: source200("", "Etag: e", "X-Object-Sysmeta-Hidden: x", "X-Object-Meta-A: 1")}
	c := &closing{Reader: &slowReader{body, pause}}
	s.src.Body, s.src.ContentLength = c, int64(len(body))
	return s, c
}

func TestHeartbeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, source := slowSource("0123", 8*time.Second)
		res := s.copy(t, "heartbeat=on")
		require.Equal(t, 202, res.Status)
		require.Equal(t, "text/plain", res.Header.Get("Content-Type"))
		require.EqualValues(t, -1, res.ContentLength)
		body, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.NoError(t, res.Close())
		beats := strings.TrimLeft(string(body), " ")
		require.Equal(t, 4, len(body)-len(beats), "one at once, and after 10, 20 and 30 s of 32")
		require.Equal(t, strings.Join([]string{
			"Content-Type: text/html; charset=UTF-8", "Response Body: ", "Response Status: 201 Created",
			"X-Copied-From: c/o", "X-Copied-From-Account: a", "X-Object-Meta-A: 1", "Errors:", "",
		}, "\n"), beats)
		require.Equal(t, "0123", s.body)
		require.Equal(t, 1, source.closed)
		require.Empty(t, s.put.RawQuery)
	})
}

func TestHeartbeatTellsOfFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := slowSource("0123", time.Second)
		s.src.ContentLength = 5
		res := s.copy(t, "heartbeat=on", "Accept: application/json")
		require.Equal(t, "application/json", res.Header.Get("Content-Type"))
		body, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.NoError(t, res.Close())
		var got map[string]any
		require.NoError(t, json.Unmarshal(body, &got))
		require.Equal(t, "500 Internal Error", got["Response Status"])
		require.Equal(t, []any{[]any{"c/o", "500 Internal Error"}}, got["Errors"])
	})
}

func TestHeartbeatStopsWithItsClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, source := slowSource(strings.Repeat("x", 1000), time.Minute)
		res := s.copy(t, "heartbeat=on")
		_, err := io.ReadFull(res.Body, make([]byte, 3))
		require.NoError(t, err)
		require.NoError(t, res.Close())
		require.Equal(t, 1, source.closed)
		require.Equal(t, 499, web.ErrorResponse(s.putErr).Status)
	})
}

func TestHeartbeatOfARefusedSourceIsAPlainAnswer(t *testing.T) {
	s := &site{src: web.StatusPage(404)}
	require.Equal(t, 404, s.copy(t, "heartbeat=on").Status)
}

func TestHeartbeatPanicsWhereTheFrontCatches(t *testing.T) {
	r := &swift.Request{Request: &web.Request{Method: "COPY", Path: "/v1/a/c/o", RawQuery: "heartbeat=on", Body: web.NoBody}}
	r.Header.Add("Destination", "d/n")
	res, err := New(swift.DefaultLimits())(swift.HandlerFunc(func(r *swift.Request) (*web.Response, error) {
		if r.Method == "PUT" {
			panic("bug")
		}
		return source200("b"), nil
	})).Serve(r)
	require.NoError(t, err)
	require.PanicsWithValue(t, "bug", func() { _, _ = io.ReadAll(res.Body) })
	require.NoError(t, res.Close())
}
