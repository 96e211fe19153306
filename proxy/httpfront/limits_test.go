// SPDX-License-Identifier: Apache-2.0

package httpfront

import (
	"bufio"
	"net"
	"strings"
	"testing"

	"needletail/proxy/web"
)

func TestHeadLimits(t *testing.T) {
	const line, total, request = 100, 1000, 200
	r, addr := startRecorder(t, Options{MaxHeaderLineBytes: line, MaxHeaderBytes: total, MaxRequestLineBytes: request})
	requestLine := func(n int) string {
		const fixed = len("GET / HTTP/1.1")
		return "GET /" + strings.Repeat("a", n-fixed) + " HTTP/1.1\r\nHost: h\r\n\r\n"
	}
	headerLine := func(n int) string {
		return "GET / HTTP/1.1\r\nHost: h\r\nX: " + strings.Repeat("a", n-3) + "\r\n\r\n"
	}
	headerTotal := func(n int) string {
		s := "Host: h\r\n"
		for n-len(s)-2 > 2*line {
			s += "X: " + strings.Repeat("a", line-5) + "\r\n"
		}
		rest := n - len(s) - 2
		s += "Y: " + strings.Repeat("a", rest/2-5) + "\r\n"
		s += "Z: " + strings.Repeat("a", rest-rest/2-5) + "\r\n"
		return "GET / HTTP/1.1\r\n" + s + "\r\n"
	}
	for _, c := range []struct {
		raw    string
		status int
	}{
		{requestLine(request), 200}, {requestLine(request + 1), 414},
		{headerLine(line), 200}, {headerLine(line + 1), 400},
		{headerTotal(total), 200}, {headerTotal(total + 1), 400},
		// What has no end is refused all the same.
		{"GET /" + strings.Repeat("a", request), 414},
		{"GET / HTTP/1.1\r\nHost: h\r\nX: " + strings.Repeat("a", line), 400},
	} {
		a := ask(t, addr, c.raw)
		if a.StatusCode != c.status || a.Header.Get("X-Trans-Id") == "" {
			t.Errorf("%d bytes: %s, want %d", len(c.raw), a.raw, c.status)
		}
	}
	if n := len(r.calls()); n != 3 {
		t.Errorf("%d calls", n)
	}
}

func TestHeaderLinesLimit(t *testing.T) {
	_, addr := startRecorder(t, Options{})
	for n, status := range map[int]int{maxHeaderLines - 1: 200, maxHeaderLines: 400} {
		raw := "GET / HTTP/1.1\r\nHost: h\r\n" + strings.Repeat("a:\r\n", n) + "\r\n"
		if a := ask(t, addr, raw); a.StatusCode != status {
			t.Errorf("%d lines: %s", n, a.raw)
		}
	}
}

// Chunk lines and trailers pass at their limits; TestSmuggling has limit + 1.
func TestChunkLimits(t *testing.T) {
	r, addr := startRecorder(t, Options{})
	ask(t, addr, chunkedHead+"5;"+strings.Repeat("x", maxChunkLineBytes-2)+"\r\nhello\r\n0\r\n"+
		strings.Repeat("T: "+strings.Repeat("t", 59)+"\r\n", maxTrailerBytes/64)+"\r\n")
	if calls := r.calls(); len(calls) != 1 || calls[0].body != "hello" || calls[0].err != nil {
		t.Errorf("%+v", calls)
	}
}

func TestConnectionLimits(t *testing.T) {
	const request = "GET / HTTP/1.1\r\nHost: h\r\n\r\n"
	for name, o := range map[string]Options{
		"total":  {MaxConnections: 2},
		"per IP": {MaxConnectionsPerIP: 2},
	} {
		t.Run(name, func(t *testing.T) {
			r := &recorder{}
			o.Handler = web.HandlerFunc(func(req *web.Request) (*web.Response, error) {
				req.Granted(true) // a known user's connections do not give way
				return r.Serve(req)
			})
			s, addr := start(t, o)
			var held []*net.TCPConn
			for range 2 {
				c := dial(t, addr)
				write(t, c, request)
				readAnswer(t, bufio.NewReader(c), "GET")
				held = append(held, c)
			}
			c := dial(t, addr)
			br := bufio.NewReader(c)
			if a := readAnswer(t, br, "GET"); a.StatusCode != 503 || a.Header.Get("Retry-After") == "" || a.Header.Get("X-Trans-Id") == "" || !a.hasLine("Connection: close") {
				t.Errorf("%s", a.raw)
			}
			closed(t, br)
			// A place is free again once a connection has ended.
			write(t, held[0], strings.Replace(request, "\r\n\r\n", "\r\nConnection: close\r\n\r\n", 1))
			hr := bufio.NewReader(held[0])
			readAnswer(t, hr, "GET")
			closed(t, hr)
			for {
				c := dial(t, addr)
				write(t, c, request)
				if readAnswer(t, bufio.NewReader(c), "GET").StatusCode == 200 {
					break
				}
			}
			if n := s.Refused(Connections) + s.Refused(ConnectionsPerIP); n == 0 {
				t.Error("the refusal is not counted")
			}
			s.mu.Lock()
			defer s.mu.Unlock()
			if len(s.conns) != 2 || s.perIP["127.0.0.1"] != 2 {
				t.Errorf("%d connections, %v", len(s.conns), s.perIP)
			}
		})
	}
}

func TestRemoteIP(t *testing.T) {
	for in, want := range map[string][2]string{
		"192.0.2.7:80":           {"192.0.2.7", "192.0.2.7"},
		"[::ffff:192.0.2.7]:80":  {"192.0.2.7", "192.0.2.7"},
		"[2001:db8::1:2:3:4]:80": {"2001:db8::1:2:3:4", "2001:db8::/64"},
		"[fe80::1%eth0]:80":      {"fe80::1", "fe80::/64"},
	} {
		addr := net.TCPAddrFromAddrPort(mustAddrPort(t, in))
		if ip, key := remoteIP(addr); ip != want[0] || key != want[1] {
			t.Errorf("%s: %s %s", in, ip, key)
		}
	}
	if ip, key := remoteIP(nil); ip != "" || key != "" {
		t.Error(ip, key)
	}
}
