// SPDX-License-Identifier: Apache-2.0

package httpfront

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"needletail/proxy/web"
)

// trickle writes s in n pieces with a pause before each. The pause is the
// subject of the tests that call it, not a way to wait for something.
func trickle(c net.Conn, s string, n int, pause time.Duration) error {
	size := (len(s) + n - 1) / n
	for len(s) > 0 {
		time.Sleep(pause)
		piece := s[:min(size, len(s))]
		if _, err := io.WriteString(c, piece); err != nil {
			return err
		}
		s = s[len(piece):]
	}
	return nil
}

// A body that moves lives longer than every limit; F8 below is the same for a
// response.
func TestF07TrickledBodyOutlivesTheTimeouts(t *testing.T) {
	const limit = 500 * time.Millisecond
	r, addr := startRecorder(t, Options{HeaderTimeout: limit, BodyIdleTimeout: limit})
	for _, raw := range []string{
		"PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: 20\r\n\r\n#01234567890123456789",
		chunkedHead + "#a\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n",
	} {
		head, body, _ := strings.Cut(raw, "#")
		c := dial(t, addr)
		write(t, c, head)
		if err := trickle(c, body, 30, limit/10); err != nil {
			t.Fatal(err)
		}
		if a := readAnswer(t, bufio.NewReader(c), "PUT"); a.StatusCode != 200 {
			t.Errorf("%s", a.raw)
		}
	}
	for _, call := range r.calls() {
		if call.body != "01234567890123456789" || call.err != nil {
			t.Errorf("%+v", call)
		}
	}
	t.Run("bare", func(t *testing.T) {
		addr := startBare(t, func(s *fasthttp.Server) { s.ReadTimeout = limit; s.MaxRequestBodySize = 1 }, func(ctx *fasthttp.RequestCtx) {
			if _, err := io.ReadAll(ctx.RequestBodyStream()); err != nil {
				ctx.SetStatusCode(500)
			}
		})
		c := dial(t, addr)
		write(t, c, "PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: 20\r\n\r\n")
		_ = trickle(c, "01234567890123456789", 20, limit/10)
		if got, _ := io.ReadAll(c); strings.HasPrefix(string(got), "HTTP/1.1 200") {
			t.Errorf("fasthttp's ReadTimeout ends with the head now: %q", got)
		}
	})
}

func TestF07StalledBodyIs408(t *testing.T) {
	r, addr := startRecorder(t, Options{BodyIdleTimeout: 100 * time.Millisecond})
	for _, raw := range []string{
		"PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: 20\r\n\r\n01",
		chunkedHead + "5\r\nab",
		chunkedHead + "5\r\nabcde\r\n",
		chunkedHead + "0\r\n",
	} {
		c := dial(t, addr)
		write(t, c, raw)
		br := bufio.NewReader(c)
		a := readAnswer(t, br, "PUT")
		if a.StatusCode != 408 || !a.hasLine("Connection: close") {
			t.Errorf("%q: %s", raw, a.raw)
		}
		closed(t, br)
	}
	for _, call := range r.calls() {
		wantStatus(t, call.err, 408)
	}
}

// A head has one deadline, however busily its bytes drip.
func TestF07DrippedHeadIs408(t *testing.T) {
	const limit = 200 * time.Millisecond
	r, addr := startRecorder(t, Options{HeaderTimeout: limit})
	c := dial(t, addr)
	write(t, c, "GET /slow HTTP/1.1\r\nHost: h\r\nX: ")
	_ = trickle(c, strings.Repeat("y", 40), 40, limit/10)
	br := bufio.NewReader(c)
	if a := readAnswer(t, br, "GET"); a.StatusCode != 408 || a.Header.Get("X-Trans-Id") == "" {
		t.Errorf("%s", a.raw)
	}
	if len(r.calls()) != 0 {
		t.Error("the handler was called")
	}
	if d := r.dones(); len(d) != 1 || d[0].Status != 408 || d[0].RawPath != "/slow" {
		t.Errorf("%+v", d)
	}
}

// A connection on which nothing comes is closed without a word.
func TestSilentConnectionIsClosed(t *testing.T) {
	r, addr := startRecorder(t, Options{HeaderTimeout: 400 * time.Millisecond, IdleTimeout: 100 * time.Millisecond})
	closed(t, dial(t, addr))
	c := dial(t, addr)
	write(t, c, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
	br := bufio.NewReader(c)
	readAnswer(t, br, "GET")
	closed(t, br)
	if len(r.dones()) != 1 {
		t.Errorf("%+v", r.dones())
	}
}

type zeros struct{ left int }

func (z *zeros) Read(p []byte) (int, error) {
	if z.left == 0 {
		return 0, io.EOF
	}
	n := min(len(p), z.left)
	clear(p[:n])
	z.left -= n
	return n, nil
}

func (z *zeros) Close() error { return nil }

func TestF08SlowDownloadOutlivesTheTimeout(t *testing.T) {
	const size, limit = 32 << 20, 800 * time.Millisecond
	_, addr := start(t, Options{WriteIdleTimeout: limit, Handler: web.HandlerFunc(func(*web.Request) (*web.Response, error) {
		return &web.Response{Status: 200, Body: &zeros{size}, ContentLength: size}, nil
	})})
	slowly := func(addr string) (n int64) {
		c := dial(t, addr)
		_ = c.SetReadBuffer(64 << 10)
		write(t, c, "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
		for range 32 {
			time.Sleep(limit / 16)
			m, err := io.CopyN(io.Discard, c, 1<<20)
			n += m
			if err != nil {
				return n
			}
		}
		m, _ := io.Copy(io.Discard, c)
		return n + m
	}
	if n := slowly(addr); n < size {
		t.Errorf("%d bytes", n)
	}
	t.Run("bare", func(t *testing.T) {
		addr := startBare(t, func(s *fasthttp.Server) { s.WriteTimeout = limit }, func(ctx *fasthttp.RequestCtx) {
			ctx.SetBodyStream(&zeros{size}, size)
		})
		if n := slowly(addr); n >= size {
			t.Error("fasthttp's WriteTimeout rolls now")
		}
	})
}

func TestF08ClientThatDoesNotReadIsDropped(t *testing.T) {
	done := make(chan Done, 1)
	_, addr := start(t, Options{WriteIdleTimeout: 100 * time.Millisecond,
		OnDone: func(d Done) { done <- d },
		Handler: web.HandlerFunc(func(*web.Request) (*web.Response, error) {
			return &web.Response{Status: 200, Body: &zeros{1 << 30}, ContentLength: 1 << 30}, nil
		})})
	c := dial(t, addr)
	write(t, c, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
	d := <-done
	wantStatus(t, d.Err, 499)
	if d.BytesOut >= 1<<30 {
		t.Errorf("%+v", d)
	}
}

// flakyListener fails as a process without file descriptors does.
type flakyListener struct {
	net.Listener
	failures atomic.Int32
	errno    error
}

func (l *flakyListener) Accept() (net.Conn, error) {
	if l.failures.Add(-1) >= 0 {
		return nil, &net.OpError{Op: "accept", Net: "tcp", Err: l.errno}
	}
	return l.Listener.Accept()
}

func listen(t testing.TB) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return ln
}

func TestF09AcceptSurvivesEMFILE(t *testing.T) {
	for _, errno := range []error{syscall.EMFILE, syscall.ENFILE, syscall.ECONNABORTED} {
		ln := &flakyListener{Listener: listen(t), errno: errno}
		ln.failures.Store(3)
		startOn(t, Options{Handler: &recorder{}}, ln)
		if a := ask(t, ln.Addr().String(), "GET / HTTP/1.1\r\nHost: h\r\n\r\n"); a.StatusCode != 200 {
			t.Errorf("%v: %s", errno, a.raw)
		}
	}
	t.Run("bare", func(t *testing.T) {
		ln := &flakyListener{Listener: listen(t), errno: syscall.EMFILE}
		defer ln.Close()
		ln.failures.Store(1 << 20)
		s := &fasthttp.Server{Handler: func(*fasthttp.RequestCtx) {}, Logger: engineLog{discardLog()}}
		if err := s.Serve(ln); !errors.Is(err, syscall.EMFILE) {
			t.Errorf("fasthttp survives EMFILE now: %v", err)
		}
	})
}

func TestF09OtherAcceptErrorsEndServe(t *testing.T) {
	ln := &flakyListener{Listener: listen(t), errno: syscall.EBADF}
	defer ln.Close()
	ln.failures.Store(1 << 20)
	if err := New(Options{Handler: &recorder{}, Logger: discardLog()}).Serve(ln); !errors.Is(err, syscall.EBADF) {
		t.Errorf("Serve: %v", err)
	}
}

func TestF10ShutdownClosesSilentConnections(t *testing.T) {
	s, addr := start(t, Options{Handler: &recorder{}, HeaderTimeout: time.Hour, IdleTimeout: time.Hour})
	silent := dial(t, addr)
	used := dial(t, addr)
	write(t, used, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
	readAnswer(t, bufio.NewReader(used), "GET")
	// The engine would wait for the silent one until it is 5 s old.
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	if err := s.Shutdown(ctx); err != nil {
		t.Fatal(err)
	}
	closed(t, silent)
	closed(t, used)
	t.Run("bare", func(t *testing.T) {
		ln := listen(t)
		s := &fasthttp.Server{Handler: func(*fasthttp.RequestCtx) {}, Logger: engineLog{discardLog()}}
		accepted := make(chan struct{}, 1)
		s.ConnState = func(_ net.Conn, st fasthttp.ConnState) {
			if st == fasthttp.StateNew {
				accepted <- struct{}{}
			}
		}
		go func() { _ = s.Serve(ln) }()
		c := dial(t, ln.Addr().String())
		defer c.Close()
		<-accepted
		ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
		defer cancel()
		if err := s.ShutdownWithContext(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("fasthttp closes silent connections at once now: %v", err)
		}
	})
}

// Bare fasthttp lets a panic end the process, so there is no control.
func TestF11PanicIs500(t *testing.T) {
	log := &logBuffer{}
	_, addr := start(t, Options{Logger: textLog(log), Handler: web.HandlerFunc(func(r *web.Request) (*web.Response, error) {
		if r.Path == "/panic" {
			panic("boom")
		}
		return &web.Response{Status: 200, Body: panicBody{}, ContentLength: 5}, nil
	})})
	for range 2 {
		c := dial(t, addr)
		write(t, c, "GET /panic HTTP/1.1\r\nHost: h\r\n\r\n")
		br := bufio.NewReader(c)
		a := readAnswer(t, br, "GET")
		if a.StatusCode != 500 || !a.hasLine("Connection: close") || !strings.Contains(log.String(), a.Header.Get("X-Trans-Id")) {
			t.Errorf("%s", a.raw)
		}
		closed(t, br)
	}
	if a := ask(t, addr, "GET /body HTTP/1.1\r\nHost: h\r\n\r\n"); a.StatusCode != 500 {
		t.Errorf("%s", a.raw)
	}
	if !strings.Contains(log.String(), "boom") {
		t.Error("the panic is not in the log")
	}
}

type panicBody struct{}

func (panicBody) Read([]byte) (int, error) { panic("boom in the body") }
func (panicBody) Close() error             { return nil }
