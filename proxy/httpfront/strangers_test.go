// SPDX-License-Identifier: Apache-2.0

package httpfront

import (
	"bufio"
	"io"
	"strings"
	"testing"
	"time"

	"needletail/proxy/web"
)

// When all connections are taken, those on which nobody was allowed anything
// give way, the longest first, whatever they do: idle, half a head, half a body.
func TestStrangersGiveWay(t *testing.T) {
	entered := make(chan struct{}, 1)
	s, addr := start(t, Options{MaxConnections: 4, Handler: web.HandlerFunc(func(r *web.Request) (*web.Response, error) {
		if r.Path == "/user" {
			r.Granted(true)
		} else if r.ContentLength > 0 {
			entered <- struct{}{}
		}
		_, err := io.ReadAll(r.Body)
		return web.NewBytes(200, "text/plain", []byte("ok")), err
	})})
	user := dial(t, addr)
	users := bufio.NewReader(user)
	asUser := func() {
		t.Helper()
		write(t, user, "GET /user HTTP/1.1\r\nHost: h\r\n\r\n")
		if a := readAnswer(t, users, "GET"); a.StatusCode != 200 {
			t.Fatalf("%s", a.raw)
		}
	}
	asUser()
	idle, head, body := dial(t, addr), dial(t, addr), dial(t, addr)
	idles := bufio.NewReader(idle)
	write(t, idle, get)
	readAnswer(t, idles, "GET")
	write(t, head, get[:10])
	write(t, body, "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n01234")
	<-entered
	for i, c := range []io.Reader{idles, head, body} {
		if a := ask(t, addr, "GET /user HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"); a.StatusCode != 200 {
			t.Fatalf("newcomer %d: %s", i, a.raw)
		}
		fill := dial(t, addr) // a user takes the place that the newcomer has left
		t.Cleanup(func() { _ = fill.Close() })
		write(t, fill, "GET /user HTTP/1.1\r\nHost: h\r\n\r\n")
		if a := readAnswer(t, bufio.NewReader(fill), "GET"); a.StatusCode != 200 {
			t.Fatalf("%s", a.raw)
		}
		waitFor(t, func() bool { return s.displaced.Load() >= int64(i+1) })
		closed(t, c)
	}
	asUser()
}

// A request that was allowed to anybody does not give way while it runs, and
// nobody does if there is no other.
func TestAllowedRequestsDoNotGiveWay(t *testing.T) {
	entered, wake := make(chan struct{}), make(chan struct{})
	_, addr := start(t, Options{MaxConnections: 1, Handler: web.HandlerFunc(func(r *web.Request) (*web.Response, error) {
		r.Granted(false)
		entered <- struct{}{}
		<-wake
		return web.NewBytes(200, "text/plain", []byte("ok")), nil
	})})
	c := dial(t, addr)
	write(t, c, get)
	<-entered
	if a := readAnswer(t, bufio.NewReader(dial(t, addr)), "GET"); a.StatusCode != 503 {
		t.Errorf("a newcomer: %s", a.raw)
	}
	close(wake)
	if a := readAnswer(t, bufio.NewReader(c), "GET"); a.StatusCode != 200 {
		t.Errorf("%s", a.raw)
	}
}

// Of the strangers the one whose address has the most connections gives way.
func TestLongestStranger(t *testing.T) {
	var s strangers
	few, many, served := &conn{key: "few"}, &conn{key: "many"}, &conn{key: "most"}
	served.granted.Store(true)
	perIP := map[string]int{"few": 1, "many": 2, "most": 9}
	for _, c := range []*conn{served, few, many} {
		s.add(c)
	}
	later := time.Now().Add(time.Second)
	if got := s.longest(perIP, later, time.Second); got != many {
		t.Errorf("the connection of %q gives way", got.key)
	}
	s.remove(many)
	if got := s.longest(perIP, later, time.Second); got != few {
		t.Errorf("the connection of %v gives way", got)
	}
	s.remove(few)
	s.remove(few)
	if got := s.longest(perIP, later, time.Second); got != nil {
		t.Errorf("the connection of %q gives way while it is served", got.key)
	}
}

// A connection has some time before it gives way, and one that is served with
// the right of anybody gives way once nobody takes the answer.
func TestWhenStrangersGiveWay(t *testing.T) {
	const arrival = 3 * time.Second
	now := time.Now()
	writing := func(since time.Duration) *conn {
		c := &conn{arrived: now.Add(-time.Hour)}
		c.granted.Store(true)
		c.writing.Store(now.Add(-since).UnixNano())
		return c
	}
	between := writing(time.Hour)
	between.writing.Store(0)
	asked := &conn{arrived: now.Add(-arrival)}
	asked.asked.Store(true)
	late := &conn{arrived: now.Add(-answerFactor * arrival)}
	late.asked.Store(true)
	for name, x := range map[string]struct {
		c   *conn
		may bool
	}{
		"has just come":                {&conn{arrived: now}, false},
		"is about to be too long":      {&conn{arrived: now.Add(1 - arrival)}, false},
		"has had its time":             {&conn{arrived: now.Add(-arrival)}, true},
		"has asked and waits":          {asked, false},
		"has asked and waits for long": {late, true},
		"is served":                    {between, false},
		"takes its answer":             {writing(stalledTime - 1), false},
		"has not taken it for long":    {writing(stalledTime), true},
	} {
		if may := x.c.mayGiveWay(now, arrival); may != x.may {
			t.Errorf("a connection that %s: %v", name, may)
		}
	}
}

// A client that has gone while it waited in the kernel takes nobody's place.
func TestWhoHasGoneIsNotWaitedFor(t *testing.T) {
	s, addr := start(t, Options{MaxConnections: 1, Handler: &recorder{}})
	holder := dial(t, addr)
	waitFor(t, func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return len(s.conns) == 1
	})
	for range 20 {
		gone := dial(t, addr)
		write(t, gone, get)
		_ = gone.Close()
	}
	write(t, holder, get)
	if a := readAnswer(t, bufio.NewReader(holder), "GET"); a.StatusCode != 200 || s.displaced.Load() != 0 {
		t.Errorf("%d gave way: %s", s.displaced.Load(), a.raw)
	}
}

// Long heads take of an account, short ones never do.
func TestHeadsHaveABound(t *testing.T) {
	heads := web.NewMemory(2 * 3 * minBufferBytes) // a buffer of 16 KiB grew by 4 and 8
	r := &recorder{}
	_, addr := start(t, Options{Handler: r, Heads: heads})
	head := func(n int) string {
		return "GET / HTTP/1.1\r\nHost: h\r\n" + strings.Repeat("A: "+strings.Repeat("x", 1019)+"\r\n", n)
	}
	holder := dial(t, addr)
	write(t, holder, head(10))
	waitFor(t, func() bool { return heads.Used() == heads.Limit() })
	if a := ask(t, addr, head(10)+"\r\n"); a.StatusCode != 503 || a.Header.Get("Retry-After") == "" {
		t.Errorf("a second long head: %s", a.raw)
	}
	if a := ask(t, addr, head(2)+"\r\n"); a.StatusCode != 200 {
		t.Errorf("a short head: %s", a.raw)
	}
	write(t, holder, "\r\n")
	if a := readAnswer(t, bufio.NewReader(holder), "GET"); a.StatusCode != 200 {
		t.Errorf("the first long head: %s", a.raw)
	}
	waitFor(t, func() bool { return heads.Used() == 0 }) // it is idle again
	dropped := dial(t, addr)
	write(t, dropped, head(10))
	waitFor(t, func() bool { return heads.Used() > 0 })
	_ = dropped.Close()
	waitFor(t, func() bool { return heads.Used() == 0 })
	if a := ask(t, addr, head(10)+"\r\n"); a.StatusCode != 200 {
		t.Errorf("a long head when there is room: %s", a.raw)
	}
}

// What a request holds is given back after its answer, whatever becomes of it.
func TestMemoryIsGivenBack(t *testing.T) {
	memory := web.NewMemory(100)
	_, addr := start(t, Options{Memory: memory, Handler: web.HandlerFunc(func(r *web.Request) (*web.Response, error) {
		if err := r.Hold(100); err != nil {
			return nil, err
		}
		if r.Path == "/panic" {
			panic("as asked")
		}
		return web.NewBytes(200, "text/plain", []byte("ok")), nil
	})})
	for _, path := range []string{"/", "/panic", "/"} {
		ask(t, addr, "GET "+path+" HTTP/1.1\r\nHost: h\r\n\r\n")
		waitFor(t, func() bool { return memory.Used() == 0 })
	}
}
