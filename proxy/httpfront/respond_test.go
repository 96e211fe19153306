// SPDX-License-Identifier: Apache-2.0

package httpfront

import (
	"bufio"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"needletail/objstore"
	"needletail/proxy/web"
)

// closer counts how often a response is closed.
type closer struct {
	io.Reader
	closed *atomic.Int64
}

func (c closer) Close() error { c.closed.Add(1); return nil }

// answerWith serves one response and gives what comes over the wire.
func answerWith(t *testing.T, request string, res *web.Response, err error) (raw string, d Done, log string) {
	t.Helper()
	buf, done := &logBuffer{}, make(chan Done, 8)
	_, addr := start(t, Options{Logger: textLog(buf), OnDone: func(d Done) { done <- d },
		Handler: web.HandlerFunc(func(*web.Request) (*web.Response, error) { return res, err })})
	raw = talk(t, addr, request)
	return raw, <-done, buf.String()
}

const get = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n"

// lines are the head of raw without the date and the transaction ids, and the
// body.
func lines(t *testing.T, raw string) string {
	t.Helper()
	head, body, ok := strings.Cut(raw, "\r\n\r\n")
	if !ok {
		t.Fatalf("no head in %q", raw)
	}
	var kept []string
	ids := map[string]string{}
	for _, line := range strings.Split(head, "\r\n") {
		name, value, _ := strings.Cut(line, ": ")
		switch name {
		case "Date":
			if _, err := http.ParseTime(value); err != nil {
				t.Error(err)
			}
		case "X-Trans-Id", "X-Openstack-Request-Id":
		default:
			kept = append(kept, line)
			continue
		}
		ids[name] = value
	}
	if len(ids) != 3 || ids["X-Trans-Id"] != ids["X-Openstack-Request-Id"] || len(ids["X-Trans-Id"]) < 34 {
		t.Errorf("%q", raw)
	}
	return strings.Join(kept, "|") + "#" + body
}

func TestResponseOnTheWire(t *testing.T) {
	body := func(s string) io.ReadCloser { return io.NopCloser(strings.NewReader(s)) }
	fields := web.Header{{Name: "Zz-First", Value: "1"}, {Name: "aCl-ODD", Value: "\xc3\xbc"}, {Name: "Set-Cookie", Value: "a"}, {Name: "Set-Cookie", Value: "b"}}
	head, get10 := strings.Replace(get, "GET", "HEAD", 1), "GET /a HTTP/1.0\r\n\r\n"
	for _, c := range []struct {
		request string
		res     *web.Response
		want    string
	}{
		{get, &web.Response{Status: 200, Header: fields, Body: body("abc"), ContentLength: 3},
			"HTTP/1.1 200 OK|Zz-First: 1|aCl-ODD: \xc3\xbc|Set-Cookie: a|Set-Cookie: b|Content-Length: 3#abc"},
		{get, &web.Response{Status: 200, Body: body("abc"), ContentLength: -1},
			"HTTP/1.1 200 OK|Transfer-Encoding: chunked#3\r\nabc\r\n0\r\n\r\n"},
		{get10, &web.Response{Status: 200, Body: body("abc"), ContentLength: -1},
			"HTTP/1.1 200 OK|Connection: close#abc"},
		{get, &web.Response{Status: 200, Body: body(""), ContentLength: -1},
			"HTTP/1.1 200 OK|Transfer-Encoding: chunked#0\r\n\r\n"},
		{get, web.NewResponse(204, web.HeaderField{Name: "Content-Type", Value: "text/html; charset=UTF-8"}),
			"HTTP/1.1 204 No Content|Content-Type: text/html; charset=UTF-8|Content-Length: 0#"},
		{get, &web.Response{Status: 204, Body: body("stray"), ContentLength: 5}, "HTTP/1.1 204 No Content|Content-Length: 0#"},
		{get, &web.Response{Status: 304, Header: web.Header{{Name: "Etag", Value: "x"}}, Body: body("stray"), ContentLength: 5},
			"HTTP/1.1 304 Not Modified|Etag: x|Content-Length: 0#"},
		{head, &web.Response{Status: 200, ContentLength: 5 << 30}, "HTTP/1.1 200 OK|Content-Length: 5368709120#"},
		{head, &web.Response{Status: 200, Body: body("abc"), ContentLength: 3}, "HTTP/1.1 200 OK|Content-Length: 3#"},
		{head, &web.Response{Status: 200, Body: body("abc"), ContentLength: -1}, "HTTP/1.1 200 OK#"},
		{head, &web.Response{Status: 204}, "HTTP/1.1 204 No Content|Content-Length: 0#"},
		{get, &web.Response{Status: 498, Reason: "Rate Limited"}, "HTTP/1.1 498 Rate Limited|Content-Length: 0#"},
		{get, &web.Response{Status: 499}, "HTTP/1.1 499 Client Disconnect|Content-Length: 0#"},
		{get, &web.Response{Status: 200, Header: web.Header{{Name: "content-length", Value: "77"}, {Name: "Date", Value: "x"},
			{Name: "Transfer-Encoding", Value: "chunked"}, {Name: "connection", Value: "close"}, {Name: "X", Value: ""}}},
			"HTTP/1.1 200 OK|X: |Content-Length: 0#"},
	} {
		raw, d, _ := answerWith(t, c.request, c.res, nil)
		if got := lines(t, raw); got != c.want {
			t.Errorf("%.5s %+v\n got %q\nwant %q", c.request, c.res, got, c.want)
		}
		if d.Status != c.res.Status || d.Err != nil {
			t.Errorf("%+v", d)
		}
	}
}

// The handler's own ids win, so that they come where it put them.
func TestTransactionIDs(t *testing.T) {
	raw, _, _ := answerWith(t, get, web.NewResponse(200, web.HeaderField{Name: "X-Trans-Id", Value: "mine"}, web.HeaderField{Name: "X-Openstack-Request-Id", Value: "mine"}), nil)
	if strings.Count(raw, "mine") != 2 || strings.Count(raw, "X-Trans-Id") != 1 {
		t.Errorf("%q", raw)
	}
	raw, d, _ := answerWith(t, "GET /a HTTP/1.1\r\nHost: h\r\nX-Trans-Id-Extra: a b\r\nUser-Agent: ua\r\n\r\n", web.NewResponse(200), nil)
	if !strings.HasSuffix(d.TransID, "-a%20b") || !strings.Contains(raw, d.TransID) || d.UserAgent != "ua" || d.RemoteAddr != "127.0.0.1" {
		t.Errorf("%q %+v", raw, d)
	}
}

func TestResponseThatCannotBeSent(t *testing.T) {
	field := func(name, value string) web.Header { return web.Header{{Name: name, Value: value}} }
	for name, res := range map[string]*web.Response{
		"none":       nil,
		"CR LF":      {Status: 200, Header: field("X", "a\r\nSet-Cookie: b")},
		"LF":         {Status: 200, Header: field("X", "a\nb")},
		"NUL":        {Status: 200, Header: field("X", "a\x00b")},
		"name":       {Status: 200, Header: field("X\r\nY", "b")},
		"no name":    {Status: 200, Header: field("", "b")},
		"colon":      {Status: 200, Header: field("a:b", "b")},
		"reason":     {Status: 200, Reason: "OK\r\nX: y"},
		"status":     {Status: 0},
		"interim":    {Status: 100},
		"no body":    {Status: 200, ContentLength: 3},
		"first read": {Status: 200, ContentLength: 3, Body: io.NopCloser(iotestErr{})},
		"no bytes":   {Status: 200, ContentLength: 3, Body: io.NopCloser(strings.NewReader(""))},
	} {
		var closes atomic.Int64
		if res != nil {
			var body io.Reader = strings.NewReader("")
			if res.Body != nil {
				body = res.Body
			}
			if name != "no body" {
				res.Body = closer{body, &closes}
			}
		}
		raw, d, _ := answerWith(t, get, res, nil)
		if got := lines(t, raw); !strings.HasPrefix(got, "HTTP/1.1 500 Internal Error|Content-Type: text/html") || strings.Count(raw, "HTTP/1.1") != 1 || strings.Contains(raw, "Set-Cookie") {
			t.Errorf("%s: %q", name, raw)
		}
		if d.Err == nil || d.Status != 500 || d.Failure() == nil {
			t.Errorf("%s: %+v", name, d)
		}
		if res != nil && res.Body != nil && closes.Load() != 1 {
			t.Errorf("%s: closed %d times", name, closes.Load())
		}
	}
}

type iotestErr struct{}

func (iotestErr) Read([]byte) (int, error) { return 0, errors.New("rotten block") }

// pushes gives its body by WriteTo, in the pieces named, and then err.
type pushes struct {
	pieces []string
	err    error
}

func (p pushes) Read([]byte) (int, error) { panic("WriteTo is preferred") }
func (p pushes) Close() error             { return nil }

func (p pushes) WriteTo(w io.Writer) (n int64, err error) {
	for _, piece := range p.pieces {
		m, err := io.WriteString(w, piece)
		n += int64(m)
		if err != nil {
			return n, err
		}
	}
	return n, p.err
}

// A body that fails, or lies about its length, shows as a short body on a
// closed connection, and as a failure in the log.
func TestBodyFailsMidway(t *testing.T) {
	big := strings.Repeat("x", 2*joinBytes)
	for name, c := range map[string]struct {
		length int64
		body   io.ReadCloser
		want   string
	}{
		"short":         {10, io.NopCloser(strings.NewReader("abc")), "abc"},
		"long":          {2, io.NopCloser(strings.NewReader("abc")), "ab"},
		"error":         {10, pushes{[]string{"abc"}, errors.New("rotten")}, "abc"},
		"error, large":  {1 << 20, pushes{[]string{big, "y"}, errors.New("rotten")}, big + "y"},
		"chunked error": {-1, pushes{[]string{"abc"}, errors.New("rotten")}, "3\r\nabc\r\n"},
		"ignores":       {3, pushes{[]string{"abc", "def", "ghi"}, nil}, "abc"},
	} {
		raw, d, _ := answerWith(t, get+get, &web.Response{Status: 200, Body: c.body, ContentLength: c.length}, nil)
		if _, got, _ := strings.Cut(raw, "\r\n\r\n"); got != c.want {
			t.Errorf("%s: %d bytes, want %d: %.100q", name, len(got), len(c.want), got)
		}
		if d.Err == nil || d.Failure() == nil {
			t.Errorf("%s: %+v", name, d)
		}
	}
}

func TestBodyPieces(t *testing.T) {
	piece := strings.Repeat("0123456789abcdef", (3*writePieceBytes+joinBytes)/16) + "!"
	raw, d, _ := answerWith(t, get, &web.Response{Status: 200, Body: pushes{[]string{piece, "", "x"}, nil}, ContentLength: int64(len(piece) + 1)}, nil)
	if _, got, _ := strings.Cut(raw, "\r\n\r\n"); got != piece+"x" || d.BytesOut != int64(len(piece)+1) || d.Err != nil {
		t.Errorf("%d bytes, %+v", len(got), d)
	}
	_, addr := start(t, Options{Handler: web.HandlerFunc(func(*web.Request) (*web.Response, error) {
		return &web.Response{Status: 200, Body: pushes{[]string{piece, "", "x"}, nil}, ContentLength: -1}, nil
	})})
	if a := ask(t, addr, get); a.body != piece+"x" {
		t.Errorf("%d bytes", len(a.body))
	}
}

// A slow body shows each piece when it is written, not when it ends.
func TestPiecesAreFlushed(t *testing.T) {
	next := make(chan string)
	_, addr := start(t, Options{Handler: web.HandlerFunc(func(*web.Request) (*web.Response, error) {
		return &web.Response{Status: 202, Body: chanBody(next), ContentLength: -1}, nil
	})})
	c := dial(t, addr)
	write(t, c, get)
	next <- " "
	br := bufio.NewReader(c)
	res, err := http.ReadResponse(br, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{"", " ", "{}"} {
		if s != "" {
			next <- s
		} else {
			s = " "
		}
		p := make([]byte, len(s))
		if _, err := io.ReadFull(res.Body, p); err != nil || string(p) != s {
			t.Fatalf("%q %v", p, err)
		}
	}
	close(next)
	if rest, err := io.ReadAll(res.Body); len(rest) > 0 || err != nil {
		t.Errorf("%q %v", rest, err)
	}
}

type chanBody chan string

func (b chanBody) Read(p []byte) (int, error) {
	s, ok := <-b
	if !ok {
		return 0, io.EOF
	}
	return copy(p, s), nil
}

func (b chanBody) Close() error { return nil }

func TestHandlerErrors(t *testing.T) {
	for _, c := range []struct {
		err    error
		want   string
		failed bool
	}{
		{web.Status(404), "HTTP/1.1 404 Not Found|Content-Type: text/html; charset=UTF-8|Content-Length: 70#<html><h1>Not Found</h1><p>The resource could not be found.</p></html>", false},
		{web.Textf(400, "no"), "HTTP/1.1 400 Bad Request|Content-Type: text/plain|Content-Length: 2#no", false},
		{&objstore.Error{Kind: objstore.KindNoSpace}, "HTTP/1.1 507 Insufficient Storage", true},
		{errors.New("the cause"), "HTTP/1.1 500 Internal Error", true},
		{&web.StatusError{Status: 401, Header: web.Header{{Name: "Www-Authenticate", Value: "a\r\nb"}}}, "HTTP/1.1 500 Internal Error", true},
	} {
		raw, d, _ := answerWith(t, get, nil, c.err)
		if got := lines(t, raw); !strings.HasPrefix(got, c.want) {
			t.Errorf("%v: %q", c.err, got)
		}
		if !errors.Is(d.Err, c.err) || (d.Failure() != nil) != c.failed {
			t.Errorf("%v: %+v", c.err, d)
		}
	}
}

func TestDone(t *testing.T) {
	before := time.Now()
	r := &recorder{}
	_, addr := start(t, Options{OnDone: r.onDone, Handler: web.HandlerFunc(func(req *web.Request) (*web.Response, error) {
		req.Log.Account = "AUTH_x"
		_, err := io.ReadFull(req.Body, make([]byte, 3))
		return web.NewBytes(200, "text/plain", []byte("hello")), err
	})})
	talk(t, addr, "PUT /a%20b?q HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n0123456789bad\r\n\r\n")
	list := r.dones()
	if len(list) != 2 {
		t.Fatalf("%+v", list)
	}
	d := list[0]
	if d.Method != "PUT" || d.RawPath != "/a%20b" || d.Proto != "HTTP/1.1" || d.Status != 200 || d.BytesIn != 3 || d.BytesOut != 5 ||
		d.Log.Account != "AUTH_x" || d.Log.BodyBytesRead != 3 || d.Start.Before(before) || d.Duration <= 0 || d.Err != nil {
		t.Errorf("%+v", d)
	}
	if d := list[1]; d.Status != 400 || d.Err == nil || d.Method != "" {
		t.Errorf("%+v", d)
	}
}
