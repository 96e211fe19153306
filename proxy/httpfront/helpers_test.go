// SPDX-License-Identifier: Apache-2.0

package httpfront

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"needletail/proxy/web"
)

// seen is what a handler saw of one request.
type seen struct {
	method, path, rawPath, query string
	header                       web.Header
	length                       int64
	body                         string
	err                          error // nil for a clean end
}

// recorder reads every body whole and remembers what it saw.
type recorder struct {
	mu   sync.Mutex
	list []seen
	done []Done
}

func (r *recorder) Serve(req *web.Request) (*web.Response, error) {
	body, err := io.ReadAll(req.Body)
	r.mu.Lock()
	r.list = append(r.list, seen{req.Method, req.Path, req.RawPath, req.RawQuery, req.Header, req.ContentLength, string(body), err})
	r.mu.Unlock()
	if err != nil {
		return nil, err
	}
	return web.NewBytes(200, "text/plain", []byte("ok")), nil
}

func (r *recorder) onDone(d Done) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.done = append(r.done, d)
}

func (r *recorder) calls() []seen {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]seen(nil), r.list...)
}

func (r *recorder) dones() []Done {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]Done(nil), r.done...)
}

// logBuffer is a log that a test can read.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// start serves o on a loopback port until the test ends and gives the address.
func start(t testing.TB, o Options) (*Server, string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return startOn(t, o, ln), ln.Addr().String()
}

func startOn(t testing.TB, o Options, ln net.Listener) *Server {
	t.Helper()
	if o.Logger == nil {
		o.Logger = discardLog()
	}
	s := New(o)
	served := make(chan error, 1)
	go func() { served <- s.Serve(ln) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if err := s.Shutdown(ctx); err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("Shutdown: %v", err)
		}
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return s
}

// startRecorder serves a recorder.
func startRecorder(t testing.TB, o Options) (*recorder, string) {
	t.Helper()
	r := &recorder{}
	o.Handler, o.OnDone = r, r.onDone
	_, addr := start(t, o)
	return r, addr
}

// startBare serves handler with fasthttp as it comes, in streaming mode, after
// set, if not nil, has changed it.
func startBare(t testing.TB, set func(*fasthttp.Server), handler fasthttp.RequestHandler) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &fasthttp.Server{Handler: handler, StreamRequestBody: true, Logger: engineLog{discardLog()}}
	if set != nil {
		set(s)
	}
	go func() { _ = s.Serve(ln) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_ = s.ShutdownWithContext(ctx)
	})
	return ln.Addr().String()
}

// dial gives a connection on which nothing takes longer than a test should.
func dial(t testing.TB, addr string) *net.TCPConn {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	return c.(*net.TCPConn)
}

func write(t testing.TB, c net.Conn, s string) {
	t.Helper()
	if _, err := io.WriteString(c, s); err != nil {
		t.Fatal(err)
	}
}

// talk sends raw, half-closes, and gives all that comes back.
func talk(t testing.TB, addr, raw string) string {
	t.Helper()
	c := dial(t, addr)
	write(t, c, raw)
	_ = c.CloseWrite()
	got, err := io.ReadAll(c)
	if err != nil {
		t.Fatalf("after %q: %v", got, err)
	}
	return string(got)
}

// talkAnyhow is talk with a server that may reset the connection.
func talkAnyhow(t testing.TB, addr, raw string) string {
	t.Helper()
	c := dial(t, addr)
	_, _ = io.WriteString(c, raw)
	_ = c.CloseWrite()
	got, _ := io.ReadAll(c)
	return string(got)
}

func discardLog() *slog.Logger { return slog.New(slog.DiscardHandler) }

func textLog(w io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func itoa(n int) string { return strconv.Itoa(n) }
func hex(n int) string  { return strconv.FormatInt(int64(n), 16) }

// answer is a parsed response; raw has its head as it came.
type answer struct {
	*http.Response
	raw  string
	body string
}

func (a answer) hasLine(line string) bool { return strings.Contains(a.raw, "\r\n"+line+"\r\n") }

// readAnswer reads one response to method.
func readAnswer(t testing.TB, br *bufio.Reader, method string) answer {
	t.Helper()
	var head strings.Builder
	for {
		line, err := br.ReadString('\n')
		head.WriteString(line)
		if err != nil {
			t.Fatalf("after %q: %v", head.String(), err)
		}
		if line == "\r\n" {
			break
		}
	}
	rest := bufio.NewReader(io.MultiReader(strings.NewReader(head.String()), br))
	res, err := http.ReadResponse(rest, &http.Request{Method: method})
	if err != nil {
		t.Fatalf("%q: %v", head.String(), err)
	}
	a := answer{Response: res, raw: head.String()}
	body, err := io.ReadAll(res.Body)
	a.body = string(body)
	if err != nil {
		t.Fatalf("body of %q: %v", head.String(), err)
	}
	if rest.Buffered() > 0 {
		// Give back what belongs to the next response.
		next, _ := rest.Peek(rest.Buffered())
		before := *br // br must not read from itself
		*br = *bufio.NewReader(io.MultiReader(bytes.NewReader(bytes.Clone(next)), &before))
	}
	return a
}

// ask sends raw on a new connection and reads one answer.
func ask(t testing.TB, addr, raw string) answer {
	t.Helper()
	c := dial(t, addr)
	write(t, c, raw)
	method, _, _ := strings.Cut(raw, " ")
	return readAnswer(t, bufio.NewReader(c), method)
}

// closed waits for the other side to close and fails on any byte before.
func closed(t testing.TB, r io.Reader) {
	t.Helper()
	rest, err := io.ReadAll(r)
	if len(rest) > 0 {
		t.Errorf("more bytes before the close: %q", rest)
	}
	var ne net.Error
	if errors.As(err, &ne) && ne.Timeout() {
		t.Errorf("the connection stays open")
	}
}

// connClosed tells c of each connection that a bare server has closed.
func connClosed(c chan<- struct{}) func(net.Conn, fasthttp.ConnState) {
	return func(_ net.Conn, state fasthttp.ConnState) {
		if state == fasthttp.StateClosed {
			c <- struct{}{}
		}
	}
}

func mustAddrPort(t testing.TB, s string) netip.AddrPort {
	t.Helper()
	ap, err := netip.ParseAddrPort(s)
	if err != nil {
		t.Fatal(err)
	}
	return ap
}

// waitFor waits until the server has got so far; a test that never gets there
// ends with its connection's deadline or with go test's.
func waitFor(t testing.TB, reached func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !reached(); runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatal("not reached in 20 s")
		}
	}
}

// TestReadAnswerOfTwo: two answers that arrive at once are read in turn.
func TestReadAnswerOfTwo(t *testing.T) {
	br := bufio.NewReader(strings.NewReader("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nold" +
		"HTTP/1.1 201 Created\r\nContent-Length: 3\r\n\r\nnewHTTP/1.1 204 No Content\r\n\r\n"))
	for _, want := range []string{"old", "new", ""} {
		if a := readAnswer(t, br, "GET"); a.body != want {
			t.Errorf("got %q, want %q", a.body, want)
		}
	}
}
