// SPDX-License-Identifier: Apache-2.0

package httpfront

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"strings"
	"testing"
	"time"

	"needletail/proxy/web"
)

// memConn is a socket whose client has sent in, and is gone.
type memConn struct {
	in  bytes.Reader
	out bytes.Buffer
}

func (c *memConn) Read(p []byte) (int, error)       { return c.in.Read(p) }
func (c *memConn) Write(p []byte) (int, error)      { return c.out.Write(p) }
func (c *memConn) Close() error                     { return nil }
func (c *memConn) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (c *memConn) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (c *memConn) SetDeadline(time.Time) error      { return nil }
func (c *memConn) SetReadDeadline(time.Time) error  { return nil }
func (c *memConn) SetWriteDeadline(time.Time) error { return nil }

// serveBytes serves what in holds, without the engine, to h.
func serveBytes(in []byte, o Options) (out string) {
	s := New(o)
	raw := &memConn{}
	raw.in.Reset(in)
	c := &conn{Conn: raw, srv: s, opts: s.now.Load()}
	for c.nextHead() == nil && s.serve(c.next) {
		c.end()
	}
	return raw.out.String()
}

func seeds() []string {
	list := []string{"", "\r\n", get + get, "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", chunkedHead + "5;a=b\r\nhello\r\n0\r\nT: t\r\n\r\n" + get,
		"GET http://h/%zz?a HTTP/1.0\r\n\r\n", "OPTIONS * HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc"}
	for _, s := range smuggles() {
		list = append(list, s.raw)
	}
	return list
}

// Whatever comes, nothing panics; each request that is counted is answered
// once, and whoever reads the answers finds as many.
func FuzzServe(f *testing.F) {
	for _, s := range seeds() {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		var methods []string
		out := serveBytes(in, Options{
			Logger: discardLog(), MaxHeaderBytes: 1 << 10, MaxHeaderLineBytes: 200,
			OnDone: func(d Done) { methods = append(methods, d.Method) },
			Handler: web.HandlerFunc(func(r *web.Request) (*web.Response, error) {
				body, err := io.ReadAll(io.LimitReader(r.Body, 100))
				return web.NewBytes(200, "text/plain", body), err
			}),
		})
		br := bufio.NewReader(strings.NewReader(strings.ReplaceAll(out, continueLine, "")))
		for _, method := range methods {
			res, err := http.ReadResponse(br, &http.Request{Method: method})
			if err != nil {
				t.Fatalf("%q: %q: %v", in, out, err)
			}
			if _, err := io.Copy(io.Discard, res.Body); err != nil || res.Header.Get("X-Trans-Id") == "" {
				t.Fatalf("%q: %q: %v", in, out, err)
			}
		}
		if rest, _ := io.ReadAll(br); len(rest) > 0 && !bytes.Contains(in, []byte("HTTP/1.1 100")) {
			t.Fatalf("%q: %d requests, and more answers: %q", in, len(methods), rest)
		}
	})
}

// A head that the gate and net/http both take means the same to both.
func FuzzHead(f *testing.F) {
	for _, s := range seeds() {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		scan := headScan{maxLine: 1 << 10, maxRequestLine: 1 << 10, maxTotal: 1 << 12}
		n, err := scan.scan([]byte(in))
		if err != nil || n == 0 {
			return
		}
		h := &head{length: web.NoLength}
		if h.parse([]byte(in[scan.start:n])) != nil {
			return
		}
		theirs, err := http.ReadRequest(bufio.NewReader(strings.NewReader(in[scan.start:])))
		if err != nil {
			return
		}
		length := theirs.ContentLength
		if h.length == web.NoLength && length == 0 {
			length = web.NoLength
		}
		if h.length != length || h.method != theirs.Method || h.host != theirs.Host {
			t.Errorf("%q: %d %s %q, net/http %d %s %q", in, h.length, h.method, h.host, length, theirs.Method, theirs.Host)
		}
		for _, field := range h.header {
			if !isTitle(field.Name) || !isText(field.Value) {
				t.Errorf("%q: %q", in, field)
			}
		}
	})
}

// A chunked body that ends well ends so for net/http too, with the same bytes;
// and never before its terminator.
func FuzzChunked(f *testing.F) {
	for _, s := range smuggles() {
		_, body, _ := strings.Cut(s.raw, "\r\n\r\n")
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, in string) {
		raw := &memConn{}
		raw.in.Reset([]byte(in))
		s := New(Options{Logger: discardLog()})
		c := &conn{Conn: raw, srv: s, opts: s.now.Load()}
		c.shrink()
		var b body
		b.init(c, &head{length: -1})
		got, err := io.ReadAll(&b)
		if err != nil {
			return
		}
		theirs, err := io.ReadAll(httputil.NewChunkedReader(strings.NewReader(in)))
		if err != nil || string(got) != string(theirs) {
			t.Errorf("%q: %q, net/http %q, %v", in, got, theirs, err)
		}
		if !strings.Contains(in, "\r\n\r\n") {
			t.Errorf("%q has no end", in)
		}
	})
}
