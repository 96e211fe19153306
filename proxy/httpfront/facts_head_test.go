// SPDX-License-Identifier: Apache-2.0

package httpfront

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/valyala/fasthttp"

	"needletail/proxy/web"
)

// bareCalls says how often a bare handler is called for raw.
func bareCalls(t *testing.T, raw string, set func(*fasthttp.Server)) (calls int64, answer string) {
	t.Helper()
	var n atomic.Int64
	addr := startBare(t, set, func(ctx *fasthttp.RequestCtx) { n.Add(1) })
	answer = talkAnyhow(t, addr, raw)
	return n.Load(), answer
}

func manyHeaders(n, size int) string {
	var b strings.Builder
	for i := range n {
		name := fmt.Sprintf("X-Object-Meta-%03d: ", i)
		b.WriteString(name + strings.Repeat("v", size-len(name)) + "\r\n")
	}
	return b.String()
}

func TestF16ManyHeadersReachTheHandler(t *testing.T) {
	raw := "PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n" + manyHeaders(190, 400) + "\r\n"
	r, addr := startRecorder(t, Options{})
	if a := ask(t, addr, raw); a.StatusCode != 200 {
		t.Errorf("%s", a.raw)
	}
	if calls := r.calls(); len(calls) != 1 || len(calls[0].header) != 192 || calls[0].header[191].Name != "X-Object-Meta-189" {
		t.Errorf("%d calls", len(calls))
	}
	t.Run("bare", func(t *testing.T) {
		if n, got := bareCalls(t, raw, nil); n != 0 || !strings.HasPrefix(got, "HTTP/1.1 431") {
			t.Errorf("fasthttp takes long heads now: %d %q", n, got)
		}
	})
}

// refused sends raw and expects one whole refusal, then a close.
func refused(t *testing.T, raw string, status int, body string) {
	t.Helper()
	r, addr := startRecorder(t, Options{})
	got := talk(t, addr, raw)
	head, page, _ := strings.Cut(got, "\r\n\r\n")
	head += "\r\n"
	if !strings.HasPrefix(head, "HTTP/1.1 "+itoa(status)+" ") || !strings.Contains(page, body) || strings.Contains(page, "HTTP/1.1") {
		t.Errorf("%.100q: answer %q", raw, got)
	}
	for _, want := range []string{"X-Trans-Id: tx", "X-Openstack-Request-Id: tx", "Date: ", "Connection: close\r\n", "Content-Type: text/", "Content-Length: "} {
		if !strings.Contains(head, "\r\n"+want) {
			t.Errorf("%.100q: no %q in %q", raw, want, head)
		}
	}
	if n := len(r.calls()); n != 0 {
		t.Errorf("%.100q: %d calls", raw, n)
	}
	if d := r.dones(); len(d) != 1 || d[0].Status != status {
		t.Errorf("%.100q: %+v", raw, d)
	}
}

const htmlBadRequest = "<html><h1>Bad Request</h1>"

func TestF17LengthAndCoding(t *testing.T) {
	const put = "PUT /a HTTP/1.1\r\nHost: h\r\n"
	for _, c := range []struct {
		lines, body string
		status      int
	}{
		{"Transfer-Encoding: gzip,chunked\r\n", "Unsupported Transfer-Coding header value specified in Transfer-Encoding header", 501},
		{"Transfer-Encoding: gzip, chunked\r\n", "Unsupported Transfer-Coding", 501},
		{"Transfer-Encoding: chunked, chunked\r\n", "Unsupported Transfer-Coding", 501},
		{"Transfer-Encoding: gzip\r\n", "Invalid Transfer-Encoding header value", 400},
		{"Transfer-Encoding: identity\r\n", "Invalid Transfer-Encoding header value", 400},
		{"Transfer-Encoding:\r\n", "Invalid Transfer-Encoding header value", 400},
		{"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", htmlBadRequest, 400},
		{"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", htmlBadRequest, 400},
		{"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", htmlBadRequest, 400},
		{"Content-Length: 3\r\nContent-Length: 3\r\n", htmlBadRequest, 400},
		{"Content-Length: 3, 3\r\n", htmlBadRequest, 400},
		{"Content-Length: -1\r\n", htmlBadRequest, 400},
		{"Content-Length: +1\r\n", htmlBadRequest, 400},
		{"Content-Length: 0x1\r\n", htmlBadRequest, 400},
		{"Content-Length: X\r\n", htmlBadRequest, 400},
		{"Content-Length:\r\n", htmlBadRequest, 400},
		{"Content-Length: 99999999999999999999\r\n", htmlBadRequest, 400},
	} {
		refused(t, put+c.lines+"\r\n0\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n", c.status, c.body)
	}
	refused(t, "PUT /a HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, htmlBadRequest)
	t.Run("bare", func(t *testing.T) {
		for _, lines := range []string{"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", "Transfer-Encoding: identity\r\n"} {
			if n, got := bareCalls(t, put+lines+"\r\n0\r\n\r\n", nil); n == 0 {
				t.Errorf("fasthttp refuses %q now: %q", lines, got)
			}
		}
	})
}

func TestF18LooseLines(t *testing.T) {
	for _, c := range []struct {
		raw  string
		bare bool // fasthttp takes it
	}{
		{"GET / HTTP/1.1\nHost: h\r\n\r\n", true},
		{"GET / HTTP/1.1\r\nHost: h\nX: y\r\n\r\n", true},
		{"GET / HTTP/1.1\r\nHost: h\r\n\n", false},
		{"GET / HTTP/1.1\n\n", false},
		{"GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n folded\r\n\r\n", true},
		{"GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n\tfolded\r\n\r\n", true},
		{"GET / HTTP/1.1\r\n Host: h\r\n\r\n", false},
		{"GET / HTTP/1.1\r\nHost: h\r\nX Y: a\r\n\r\n", true},
		{"GET / HTTP/1.1\r\nHost: h\r\nX : a\r\n\r\n", false},
		{"GET / HTTP/1.1\r\nHost: h\r\nX: a\x00b\r\n\r\n", false},
		{"GET / HTTP/1.1\r\nHost: h\r\nX: a\rb\r\n\r\n", false},
		{"GET / HTTP/1.1\r\nHost: h\r\nX\x00: a\r\n\r\n", false},
		{"GET / HTTP/1.1\r\nHost: h\r\nX: a\x7fb\r\n\r\n", false},
		{"GET / HTTP/1.1\r\nHost: h\r\nno colon\r\n\r\n", false},
		{"GET / HTTP/1.1\r\nHost: h\r\n: empty\r\n\r\n", false},
	} {
		refused(t, c.raw, 400, htmlBadRequest)
		if n, got := bareCalls(t, c.raw, nil); c.bare && n == 0 {
			t.Errorf("fasthttp refuses %q now: %q", c.raw, got)
		}
	}
}

func TestF19ConnectionHeader(t *testing.T) {
	_, addr := startRecorder(t, Options{})
	for _, c := range []struct {
		proto, lines string
		answers      int
		echo         string
	}{
		{"1.1", "", 2, ""},
		{"1.1", "Connection: keep-alive\r\n", 2, "Connection: keep-alive"},
		{"1.1", "Connection: Keep-Alive, TE\r\n", 2, "Connection: keep-alive"},
		{"1.1", "Connection: close\r\n", 1, "Connection: close"},
		{"1.1", "Connection: Close\r\n", 1, "Connection: close"},
		{"1.1", "connection: te , CLOSE\r\n", 1, "Connection: close"},
		{"1.1", "Connection: close\r\nConnection: keep-alive\r\n", 1, "Connection: close"},
		{"1.0", "", 1, "Connection: close"},
		{"1.0", "Connection: keep-alive\r\n", 2, "Connection: keep-alive"},
	} {
		raw := "GET / HTTP/" + c.proto + "\r\nHost: h\r\n" + c.lines + "\r\n"
		got := talkAnyhow(t, addr, raw+"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
		if n := strings.Count(got, "HTTP/1.1 200 OK\r\n"); n != c.answers {
			t.Errorf("%q: %d answers", raw, n)
		}
		first, _, _ := strings.Cut(got, "\r\n\r\n")
		if has := strings.Contains(first, "\r\nConnection: "); has != (c.echo != "") || !strings.HasSuffix(first, c.echo) {
			t.Errorf("%q: %q", raw, first)
		}
	}
}

func TestF21PathIsNotCleaned(t *testing.T) {
	paths := map[string]string{
		"/v1/a/c/o//x/":                          "/v1/a/c/o//x/",
		"//v1/a":                                 "//v1/a",
		"/v1/a/../b/./c":                         "/v1/a/../b/./c",
		"/v1/a%2Fb%2e%2E":                        "/v1/a/b..",
		"/v1/%25%32%35":                          "/v1/%25",
		"/v1/%zz%":                               "/v1/%zz%",
		"/v1/a+b":                                "/v1/a+b",
		"/v1/\xc3\xa4\xff":                       "/v1/\xc3\xa4\xff",
		"http://o/v1/a//b":                       "/v1/a//b",
		"HTTPS://o":                              "/",
		"http://o?q":                             "/",
		"/http://o/x":                            "/http://o/x",
		"/v1/a;p=1":                              "/v1/a;p=1",
		"/v1/%00":                                "/v1/\x00",
		"/v1/a/c/" + strings.Repeat("%41", 1024): "/v1/a/c/" + strings.Repeat("A", 1024),
	}
	r, addr := startRecorder(t, Options{})
	for target, path := range paths {
		if a := ask(t, addr, "GET "+target+" HTTP/1.1\r\nHost: h\r\n\r\n"); a.StatusCode != 200 {
			t.Errorf("%q: %s", target, a.raw)
			continue
		}
		calls := r.calls()
		if got := calls[len(calls)-1].path; got != path {
			t.Errorf("%q: path %q, want %q", target, got, path)
		}
	}
	t.Run("bare", func(t *testing.T) {
		var path atomic.Value
		addr := startBare(t, nil, func(ctx *fasthttp.RequestCtx) { path.Store(string(ctx.Path())) })
		ask(t, addr, "GET /v1/a//c/../o HTTP/1.1\r\nHost: h\r\n\r\n")
		if p := path.Load(); p != "/v1/a/o" {
			t.Errorf("fasthttp leaves paths alone now: %v", p)
		}
	})
}

func TestF21Targets(t *testing.T) {
	for _, target := range []string{"", "*", "v1/a", "ftp://h/x", "h:443", "http:///x", "/a b", "/a\x01", "/a\x7f"} {
		refused(t, "GET "+target+" HTTP/1.1\r\nHost: h\r\n\r\n", 400, htmlBadRequest)
	}
	r, addr := startRecorder(t, Options{})
	ask(t, addr, "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n")
	if calls := r.calls(); len(calls) != 1 || calls[0].path != "*" {
		t.Errorf("%+v", calls)
	}
}

func TestF22RepeatedHeaders(t *testing.T) {
	for name := range singleHeaders {
		if name == "Host" || name == "Content-Length" || name == "Transfer-Encoding" || name == "Expect" {
			continue
		}
		refused(t, "GET / HTTP/1.1\r\nHost: h\r\n"+name+": a\r\n"+strings.ToLower(name)+": b\r\n\r\n", 400, htmlBadRequest)
	}
	refused(t, "GET / HTTP/1.1\r\nHost: h\r\nHost: i\r\n\r\n", 400, htmlBadRequest)
	refused(t, "GET / HTTP/1.1\r\n\r\n", 400, htmlBadRequest)
	refused(t, "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400, htmlBadRequest)
	refused(t, "GET / HTTP/1.1\r\nHost: h\r\nX_Auth_Token: b\r\n\r\n", 400, htmlBadRequest)
	refused(t, "PUT / HTTP/1.1\r\nHost: h\r\nContent_Length: 3\r\n\r\nabc", 400, htmlBadRequest)
	r, addr := startRecorder(t, Options{})
	ask(t, addr, "GET / HTTP/1.1\r\nHost: h\r\nx-object-meta-foo2bar:  1 \t\r\nX_OBJECT_META_Foo2bar: 2\r\nX-\xc3\xa4b: \xc3\xbc\xff\r\nX-Empty:\r\n\r\n")
	want := web.Header{{Name: "Host", Value: "h"}, {Name: "X-Object-Meta-Foo2Bar", Value: "1,2"}, {Name: "X-\xc3\xa4B", Value: "\xc3\xbc\xff"}, {Name: "X-Empty", Value: ""}}
	if calls := r.calls(); len(calls) != 1 || fmt.Sprintf("%q", calls[0].header) != fmt.Sprintf("%q", want) {
		t.Errorf("%+v", calls)
	}
	t.Run("bare", func(t *testing.T) {
		var token atomic.Value
		addr := startBare(t, nil, func(ctx *fasthttp.RequestCtx) { token.Store(string(ctx.Request.Header.Peek("X-Auth-Token"))) })
		ask(t, addr, "GET / HTTP/1.1\r\nHost: h\r\nX-Auth-Token: a\r\nX-Auth-Token: b\r\n\r\n")
		if token.Load() != "a" {
			t.Errorf("fasthttp refuses two tokens now: %v", token.Load())
		}
	})
}

// No log line and no Done holds what the client sent in a header.
func TestF23NoSecretsInLogs(t *testing.T) {
	const secret = "gAAAAAsecret"
	log, r := &logBuffer{}, &recorder{}
	_, addr := start(t, Options{Handler: r, OnDone: r.onDone, Logger: textLog(log), MaxHeaderLineBytes: 100})
	for _, raw := range []string{
		"GET / HTTP/1.1\r\nHost: h\r\nX-Auth-Token: " + secret + "\x00\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: h\r\nX-Auth-Token: " + secret + "\r\nX-Auth-Token: " + secret + "\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: h\r\nX-Auth-Token: " + secret + "\n\r\n",
		"GET / HTTP/1.1\r\nHost: h\r\nX-Auth-Token: " + secret + strings.Repeat("x", 100) + "\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: h\r\nX-Auth-Token " + secret + "\r\n\r\n",
		"PUT /?temp_url_sig=" + secret + " HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n" + secret[:5],
		"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: " + secret + "\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: " + secret + "/\r\n\r\n",
	} {
		if got := talk(t, addr, raw); strings.Contains(got, secret) {
			t.Errorf("%q: the answer has the secret: %q", raw, got)
		}
	}
	if s := log.String(); strings.Contains(s, secret) {
		t.Errorf("the log has the secret: %s", s)
	}
	if s := fmt.Sprintf("%+v", r.dones()); strings.Contains(s, secret) || len(r.dones()) != 8 {
		t.Errorf("%s", s)
	}
	t.Run("bare", func(t *testing.T) {
		log := &logBuffer{}
		closed := make(chan struct{}, 4)
		set := func(s *fasthttp.Server) {
			s.Logger = engineLog{textLog(log)}
			s.ConnState = connClosed(closed)
		}
		if _, got := bareCalls(t, "GET / HTTP/1.1\r\nHost: h\r\nX-Auth-Token: "+secret+"\x00\r\n\r\n", set); got == "" {
			t.Error("no answer")
		}
		<-closed
		if !strings.Contains(log.String(), secret) {
			t.Errorf("fasthttp keeps secrets out of its log now: %s", log.String())
		}
	})
}
