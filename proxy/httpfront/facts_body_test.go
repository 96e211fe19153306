// SPDX-License-Identifier: Apache-2.0

package httpfront

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/valyala/fasthttp"

	"needletail/proxy/web"
)

// The tests named TestFnn each hold one thing that fasthttp's streaming mode
// gets wrong for a store. The subtests "bare" run the same bytes against
// fasthttp as it comes and fail once it behaves.

const chunkedHead = "PUT /o HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"

// bareBody says what a bare handler got of raw: the body, its error, and how
// many calls there were.
func bareBody(t *testing.T, raw string) (body string, calls int, err error) {
	t.Helper()
	var mu sync.Mutex
	addr := startBare(t, nil, func(ctx *fasthttp.RequestCtx) {
		b, e := io.ReadAll(ctx.RequestBodyStream())
		mu.Lock()
		defer mu.Unlock()
		body, err = string(b), e
		calls++
	})
	_ = talkAnyhow(t, addr, raw)
	mu.Lock()
	defer mu.Unlock()
	return body, calls, err
}

func wantStatus(t *testing.T, err error, status int) {
	t.Helper()
	var se *web.StatusError
	if !errors.As(err, &se) || se.Status != status {
		t.Errorf("error %v, want status %d", err, status)
	}
}

func TestF01TruncatedChunkedBody(t *testing.T) {
	raw := chunkedHead + "5\r\nhello\r\n"
	r, addr := startRecorder(t, Options{})
	got := talk(t, addr, raw)
	if !strings.HasPrefix(got, "HTTP/1.1 499 Client Disconnect\r\n") {
		t.Errorf("answer %q", got)
	}
	calls := r.calls()
	if len(calls) != 1 {
		t.Fatalf("calls: %+v", calls)
	}
	wantStatus(t, calls[0].err, 499)
	t.Run("bare", func(t *testing.T) {
		if body, calls, err := bareBody(t, raw); err != nil || body != "hello" || calls != 1 {
			t.Errorf("fasthttp behaves now: %q %v %d", body, err, calls)
		}
	})
}

func TestF02TruncatedContentLengthBody(t *testing.T) {
	sent := strings.Repeat("x", 20000)
	raw := "PUT /o HTTP/1.1\r\nHost: h\r\nContent-Length: 30000\r\n\r\n" + sent
	r, addr := startRecorder(t, Options{})
	got := talk(t, addr, raw)
	if !strings.HasPrefix(got, "HTTP/1.1 499 Client Disconnect\r\n") {
		t.Errorf("answer %q", got)
	}
	calls := r.calls()
	if len(calls) != 1 || calls[0].body != sent {
		t.Fatalf("%d calls", len(calls))
	}
	wantStatus(t, calls[0].err, 499)
	t.Run("bare", func(t *testing.T) {
		// The limit is raised so that the prefetch does not take it all.
		if body, calls, err := bareBody(t, raw); err != nil || body != sent || calls != 1 {
			t.Errorf("fasthttp behaves now: %d bytes, %v, %d", len(body), err, calls)
		}
	})
}

// An unread body is drained, or the connection closes: it is never parsed.
func TestF03UnreadBody(t *testing.T) {
	const inner = "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n"
	for name, c := range map[string]struct {
		raw  string
		keep bool
	}{
		"length":  {"PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: " + itoa(len(inner)) + "\r\n\r\n" + inner, true},
		"chunked": {strings.Replace(chunkedHead, "/o", "/a", 1) + hex(len(inner)) + "\r\n" + inner + "\r\n0\r\n\r\n", true},
		"limit":   {"PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: 262144\r\n\r\n" + strings.Repeat("x", 262144), true},
		"long":    {"PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: 262145\r\n\r\n" + strings.Repeat("x", 262145), false},
		"endless": {strings.Replace(chunkedHead, "/o", "/a", 1) + "80000\r\n" + strings.Repeat("x", 0x80000) + "\r\n0\r\n\r\n", false},
	} {
		t.Run(name, func(t *testing.T) {
			var paths atomic.Value
			paths.Store("")
			_, addr := start(t, Options{Handler: web.HandlerFunc(func(r *web.Request) (*web.Response, error) {
				paths.Store(paths.Load().(string) + r.Path)
				return web.NewBytes(200, "text/plain", nil), nil
			})})
			got := talkAnyhow(t, addr, c.raw+"GET /b HTTP/1.1\r\nHost: h\r\n\r\n")
			want := "/a"
			if c.keep {
				want = "/a/b"
			}
			if p := paths.Load(); p != want {
				t.Errorf("the handler saw %q, want %q", p, want)
			}
			if n := strings.Count(got, "HTTP/1.1 200 OK"); n != len(want)/2 {
				t.Errorf("%d answers: %q", n, got)
			}
		})
	}
}

// A refusal before the end of a long body reaches the client that still sends.
func TestF04RefusalIsReadable(t *testing.T) {
	_, addr := start(t, Options{Handler: web.HandlerFunc(func(r *web.Request) (*web.Response, error) {
		return nil, web.Status(413)
	})})
	for range 20 {
		c := dial(t, addr)
		write(t, c, "PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: 4194304\r\n\r\n")
		write(t, c, strings.Repeat("x", 4<<20))
		a := readAnswer(t, bufio.NewReader(c), "PUT")
		if a.StatusCode != 413 || !a.hasLine("Connection: close") || !strings.Contains(a.body, "too large") {
			t.Fatalf("%s %s", a.raw, a.body)
		}
		closed(t, c)
	}
}

// The front sets no limit on a body; a handler that does can refuse by
// Content-Length, and in the middle of chunks.
func TestF05BodyLimitIsTheHandlers(t *testing.T) {
	const limit = 1000
	h := web.HandlerFunc(func(r *web.Request) (*web.Response, error) {
		if r.ContentLength > limit {
			return nil, web.Status(413)
		}
		n, err := io.Copy(io.Discard, io.LimitReader(r.Body, limit+1))
		if err != nil {
			return nil, err
		}
		if n > limit {
			return nil, web.Status(413)
		}
		return web.NewResponse(201), nil
	})
	_, addr := start(t, Options{Handler: h})
	for raw, status := range map[string]int{
		"PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: 1001\r\n\r\n":                             413,
		"PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n" + strings.Repeat("x", 1000): 201,
		chunkedHead + "3e9\r\n" + strings.Repeat("x", 1001):                                      413,
		chunkedHead + "3e8\r\n" + strings.Repeat("x", 1000) + "\r\n0\r\n\r\n":                    201,
	} {
		if a := ask(t, addr, raw); a.StatusCode != status {
			t.Errorf("%.70q: %d, want %d", raw, a.StatusCode, status)
		}
	}
	t.Run("bare", func(t *testing.T) {
		var got atomic.Int64
		addr := startBare(t, func(s *fasthttp.Server) { s.MaxRequestBodySize = limit }, func(ctx *fasthttp.RequestCtx) {
			n, _ := io.Copy(io.Discard, ctx.RequestBodyStream())
			got.Store(n)
		})
		_ = talkAnyhow(t, addr, "PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5000\r\n\r\n"+strings.Repeat("x", 5000))
		if got.Load() != 5000 {
			t.Errorf("fasthttp limits streamed bodies now: %d", got.Load())
		}
	})
}

// A form is a body like any other: nothing is parsed, or stored, beforehand.
func TestF06MultipartIsNotParsed(t *testing.T) {
	form := "--B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x\"\r\n\r\ndata\r\n--B--\r\n"
	raw := "POST /f HTTP/1.1\r\nHost: h\r\nContent-Type: multipart/form-data; boundary=B\r\nContent-Length: " + itoa(len(form)) + "\r\n\r\n" + form
	r, addr := startRecorder(t, Options{})
	ask(t, addr, raw)
	if calls := r.calls(); len(calls) != 1 || calls[0].body != form || calls[0].err != nil {
		t.Errorf("%+v", calls)
	}
	t.Run("bare", func(t *testing.T) {
		var streamed atomic.Bool
		addr := startBare(t, nil, func(ctx *fasthttp.RequestCtx) { streamed.Store(ctx.RequestBodyStream() != nil) })
		ask(t, addr, raw)
		if streamed.Load() {
			t.Error("fasthttp streams forms now")
		}
	})
}

// No trailer becomes a header of the request, before or after the body.
func TestF20TrailersAreDropped(t *testing.T) {
	raw := chunkedHead + "1\r\na\r\n0\r\nX-Auth-Token: stolen\r\nX-Object-Meta-T: t\r\n\r\n"
	got := make(chan web.Header, 2)
	_, addr := start(t, Options{Handler: web.HandlerFunc(func(r *web.Request) (*web.Response, error) {
		if _, err := io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		got <- r.Header.Clone()
		return web.NewResponse(201), nil
	})})
	answers := talk(t, addr, raw+"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
	if h := <-got; h.Has("X-Auth-Token") || h.Has("X-Object-Meta-T") {
		t.Errorf("%v", h)
	}
	if h := <-got; h.Has("X-Auth-Token") {
		t.Errorf("second request: %v", h)
	}
	if strings.Count(answers, "HTTP/1.1 201") != 2 {
		t.Errorf("%q", answers)
	}
}

// Reads larger than what is buffered come from the socket without a copy.
func TestLargeReadsBypassTheBuffer(t *testing.T) {
	const size = 8 << 20
	var whole atomic.Bool
	var reads atomic.Int64
	want := bytes.Repeat([]byte("0123456789abcdef"), size/16)
	_, addr := start(t, Options{Handler: web.HandlerFunc(func(r *web.Request) (*web.Response, error) {
		got := make([]byte, 0, size)
		p := make([]byte, 1<<20)
		largest := 0
		for {
			n, err := r.Body.Read(p)
			got = append(got, p[:n]...)
			largest = max(largest, n)
			if err == io.EOF {
				break
			}
			if err != nil {
				return nil, err
			}
		}
		reads.Store(int64(largest))
		whole.Store(bytes.Equal(got, want))
		return web.NewResponse(201), nil
	})})
	a := ask(t, addr, "PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: "+itoa(size)+"\r\n\r\n"+string(want))
	if a.StatusCode != 201 || !whole.Load() {
		t.Errorf("%d, whole %v", a.StatusCode, whole.Load())
	}
	if reads.Load() <= minBufferBytes {
		t.Errorf("the largest read was %d bytes", reads.Load())
	}
}
