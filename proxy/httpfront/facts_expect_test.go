// SPDX-License-Identifier: Apache-2.0

package httpfront

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/valyala/fasthttp"

	"needletail/proxy/swift"
	"needletail/proxy/web"
)

const expectHead = "PUT %s HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-Continue\r\n\r\n"

// expectHandler refuses "/no" by its head, and "/late" after one byte.
func expectHandler(calls *atomic.Int64) web.Handler {
	return web.HandlerFunc(func(r *web.Request) (*web.Response, error) {
		calls.Add(1)
		switch r.Path {
		case "/no":
			return nil, swift.Unauthorized("AUTH_x")
		case "/skip":
			return web.NewBytes(202, "text/plain", []byte("not needed")), nil
		case "/late":
			if _, err := r.Body.Read(make([]byte, 1)); err != nil {
				return nil, err
			}
			return nil, web.Status(422)
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		return web.NewBytes(201, "text/plain", body), nil
	})
}

// The client is asked to continue by the handler's first read, and not
// otherwise. A refusal is a whole answer, and each request runs once.
func TestF14ExpectContinue(t *testing.T) {
	var calls atomic.Int64
	_, addr := start(t, Options{Handler: expectHandler(&calls)})
	for _, c := range []struct {
		path     string
		status   int
		asked    bool
		body     string
		lastLine string
	}{
		{"/yes", 201, true, "hello", ""},
		{"/late", 422, true, "Unable to process", ""},
		{"/no", 401, false, "This server could not verify", `Www-Authenticate: Swift realm="AUTH_x"`},
		{"/skip", 202, false, "not needed", "Content-Type: text/plain"},
	} {
		calls.Store(0)
		conn := dial(t, addr)
		br := bufio.NewReader(conn)
		write(t, conn, fmt.Sprintf(expectHead, c.path))
		if c.asked {
			got := make([]byte, len(continueLine))
			if _, err := io.ReadFull(br, got); err != nil || string(got) != continueLine {
				t.Fatalf("%s: %q %v", c.path, got, err)
			}
			write(t, conn, "hello")
		}
		a := readAnswer(t, br, "PUT")
		if a.StatusCode != c.status || !strings.Contains(a.body, c.body) || a.Header.Get("X-Trans-Id") == "" {
			t.Errorf("%s: %s%s", c.path, a.raw, a.body)
		}
		if c.lastLine != "" && !a.hasLine(c.lastLine) {
			t.Errorf("%s: no %q in %s", c.path, c.lastLine, a.raw)
		}
		if a.hasLine("Connection: close") == c.asked {
			t.Errorf("%s: %s", c.path, a.raw)
		}
		if !c.asked {
			write(t, conn, "hello") // as a client may that does not wait
			closed(t, br)
		}
		if calls.Load() != 1 {
			t.Errorf("%s: %d calls", c.path, calls.Load())
		}
	}
	t.Run("bare", func(t *testing.T) {
		addr := startBare(t, nil, func(ctx *fasthttp.RequestCtx) { ctx.SetStatusCode(401) })
		c := dial(t, addr)
		write(t, c, fmt.Sprintf(expectHead, "/no"))
		got := make([]byte, 12)
		if _, err := io.ReadFull(c, got); err != nil || string(got) != "HTTP/1.1 100" {
			t.Errorf("fasthttp lets the handler refuse first now: %q %v", got, err)
		}
	})
}

func TestExpectWithoutBodyOrUnknown(t *testing.T) {
	r, addr := startRecorder(t, Options{})
	for raw, status := range map[string]int{
		"PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\nExpect: 100-continue\r\n\r\n":        200,
		"PUT /a HTTP/1.0\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\nx":                  200,
		"PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nExpect: something-else\r\n\r\nx":     417,
		"PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nExpect:\r\n\r\nx":                    200,
		"PUT /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nExpect: x\r\n\r\n0\r\n\r\n": 417,
	} {
		if a := ask(t, addr, raw); a.StatusCode != status {
			t.Errorf("%q: %s", raw, a.raw)
		}
	}
	if n := len(r.calls()); n != 3 {
		t.Errorf("%d calls", n)
	}
}

// The handler runs before the first byte of the body is there, so that it can
// refuse by Content-Length.
func TestF15HandlerRunsBeforeTheBody(t *testing.T) {
	var calls atomic.Int64
	_, addr := start(t, Options{Handler: web.HandlerFunc(func(*web.Request) (*web.Response, error) {
		calls.Add(1)
		return nil, web.Statusf(413, "Your request is too large.")
	})})
	raw := "PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n"
	if a := ask(t, addr, raw); a.StatusCode != 413 || a.body != "Your request is too large." || calls.Load() != 1 {
		t.Errorf("%s%s", a.raw, a.body)
	}
	t.Run("bare", func(t *testing.T) {
		var calls atomic.Int64
		addr := startBare(t, func(s *fasthttp.Server) { s.MaxRequestBodySize = 1 }, func(*fasthttp.RequestCtx) { calls.Add(1) })
		_ = talkAnyhow(t, addr, raw)
		if calls.Load() != 0 {
			t.Error("fasthttp calls the handler before the body now")
		}
	})
}
