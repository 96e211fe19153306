// SPDX-License-Identifier: Apache-2.0

package wire_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"

	"needletail/objstore/cluster/wire"
	"needletail/objstore/cluster/wire/wiretest"
)

func getRequest(addr string) *wire.Request {
	return &wire.Request{Method: "GET", Addr: addr, Device: "sdb1", Path: "/sdb1/7/a/c/o"}
}

// says is a node that gives the same bytes to every request.
func says(t *testing.T, raw string) *wiretest.Server {
	return wiretest.New(t, wiretest.Handler{Final: func(*wiretest.Request) *wiretest.Answer {
		return &wiretest.Answer{Raw: raw}
	}})
}

func TestDoKeepsConnections(t *testing.T) {
	body := strings.Repeat("0123456789", 20_000)
	node := wiretest.New(t, wiretest.Handler{Final: func(r *wiretest.Request) *wiretest.Answer {
		switch r.Method {
		case "DELETE":
			return &wiretest.Answer{Status: 204}
		case "HEAD":
			return &wiretest.Answer{Header: wire.Header{{Name: "Content-Length", Value: "99"}}}
		}
		return &wiretest.Answer{Body: []byte(body), Chunked: r.Query == "chunked", Header: wire.Header{{Name: "X-Turn", Value: strconv.Itoa(r.Turn)}}}
	}})
	c := newClient(t, wire.Options{})
	do := func(method, path string) (*wire.Response, string) {
		req := getRequest(node.Addr)
		req.Method, req.Path = method, path
		r, err := c.Do(t.Context(), req)
		require.NoError(t, err)
		return r, readAll(t, r)
	}
	r, text := do("GET", "/d/7/a")
	require.Equal(t, body, text)
	require.EqualValues(t, len(body), r.Length)
	r, text = do("GET", "/d/7/a?chunked")
	require.Equal(t, body, text)
	require.EqualValues(t, -1, r.Length)
	r, text = do("HEAD", "/d/7/a")
	require.Empty(t, text)
	require.Equal(t, "99", r.Header.Get("content-length"))
	r, _ = do("DELETE", "/d/7/a")
	require.Equal(t, 204, r.Status)
	r, _ = do("GET", "/d/7/a")
	require.Equal(t, "5", r.Header.Get("X-Turn"))
	require.Equal(t, 1, node.Connections())
}

func TestDoSendsItsRequest(t *testing.T) {
	node := wiretest.New(t, wiretest.Handler{})
	c := newClient(t, wire.Options{IdlePerNode: -1})
	req := getRequest(node.Addr)
	req.Method, req.Body = "UPDATE", []byte("[1]")
	req.Header = wire.Header{
		{Name: "host", Value: "client.example"}, {Name: "x-meta-A", Value: "\xc3\xa9"},
		{Name: "content-length", Value: "77"}, {Name: "expect", Value: "100-continue"}, {Name: "Te", Value: "x"},
		{Name: "transfer-encoding", Value: "chunked"}, {Name: "Connection", Value: "upgrade"}, {Name: "Upgrade", Value: "x"},
		{Name: "trailer", Value: "x"}, {Name: "keep-alive", Value: "x"},
	}
	r, err := c.Do(t.Context(), req)
	require.NoError(t, err)
	require.NoError(t, r.Body.Close())
	require.Equal(t, "UPDATE /sdb1/7/a/c/o HTTP/1.1\r\nHost: client.example\r\nX-Meta-A: \xc3\xa9\r\n"+
		"Content-Length: 3\r\nConnection: close\r\n\r\n[1]", string(node.Requests()[0].Raw))

	for _, wrong := range []func(*wire.Request){
		func(r *wire.Request) { r.Method = "GET /x HTTP/1.1\r\nA:" },
		func(r *wire.Request) { r.Path = "" },
		func(r *wire.Request) { r.Path = "/a b" },
		func(r *wire.Request) { r.Header = wire.Header{{Name: "A", Value: "b\r\nC: d"}} },
		func(r *wire.Request) { r.Header = wire.Header{{Name: "A: b\r\nC", Value: "d"}} },
	} {
		req := getRequest(node.Addr)
		wrong(req)
		_, err := c.Do(t.Context(), req)
		require.ErrorIs(t, err, wire.KindRequest)
		_, err = c.Put(t.Context(), req)
		require.ErrorIs(t, err, wire.KindRequest)
	}
	require.Len(t, node.Requests(), 1)
}

// TestConnectionsThatAreNotKept has each reason to close a connection.
func TestConnectionsThatAreNotKept(t *testing.T) {
	f := func(name, raw string, keep bool, use func(*wire.Response)) {
		t.Run(name, func(t *testing.T) {
			node := says(t, raw)
			c := newClient(t, wire.Options{})
			for range 2 {
				r, err := c.Do(t.Context(), getRequest(node.Addr))
				require.NoError(t, err)
				use(r)
				require.NoError(t, r.Body.Close())
			}
			want := 2
			if keep {
				want = 1
			}
			require.Equal(t, want, node.Connections())
		})
	}
	all := func(r *wire.Response) { _, _ = io.Copy(io.Discard, r.Body) }
	nothing := func(*wire.Response) {}
	f("control", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", true, all)
	f("asked to close", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok", false, all)
	f("HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", false, all)
	f("bytes behind the answer", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP", false, all)
	f("unread body", "HTTP/1.1 200 OK\r\nContent-Length: 20000\r\n\r\n"+strings.Repeat("x", 20000), false, nothing)
	f("unread chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", false, nothing)
	f("unread body that has arrived", "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno", true, func(r *wire.Response) {
		_, err := r.Body.Read(nil) // Close finds the text with the head
		require.NoError(t, err)
	})
}

func TestBrokenBodies(t *testing.T) {
	f := func(raw, want string, kind wire.Kind) {
		t.Helper()
		node := wiretest.New(t, wiretest.Handler{Final: func(*wiretest.Request) *wiretest.Answer {
			return &wiretest.Answer{Raw: raw, Close: true}
		}})
		c := newClient(t, wire.Options{})
		r, err := c.Do(t.Context(), getRequest(node.Addr))
		require.NoError(t, err)
		got, err := io.ReadAll(r.Body)
		require.Equal(t, want, string(got))
		require.ErrorIs(t, err, kind)
		require.NotErrorIs(t, err, io.EOF)
		_, again := r.Body.Read(make([]byte, 1))
		require.Equal(t, err, again)
		require.NoError(t, r.Body.Close())
		var e *wire.Error
		require.ErrorAs(t, err, &e)
		require.Equal(t, node.Addr, e.Addr)
		require.Equal(t, "sdb1", e.Device)
		require.Contains(t, err.Error(), node.Addr+"/sdb1")

		r, err = c.Do(t.Context(), getRequest(node.Addr))
		require.NoError(t, err)
		var b strings.Builder
		n, err := r.Body.(io.WriterTo).WriteTo(&b)
		require.ErrorIs(t, err, kind)
		require.EqualValues(t, len(want), n)
		require.Equal(t, want, b.String())
	}
	const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	f("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc", "abc", wire.KindBroken)
	f(chunked+"5\r\nabc", "abc", wire.KindBroken)
	f(chunked+"3\r\nabc", "abc", wire.KindBroken)
	f(chunked+"3\r\nabc\r\n", "abc", wire.KindBroken)
	f(chunked+"3\r\nabc\r\n0\r\n", "abc", wire.KindBroken)
	f(chunked+"3\r\nabcd\r\n0\r\n\r\n", "abc", wire.KindProtocol)
	f(chunked+"3\r\nabc\n0\r\n\r\n", "abc", wire.KindProtocol)
	f(chunked+"x\r\n", "", wire.KindProtocol)
	f(chunked+"\r\n", "", wire.KindProtocol)
	f(chunked+"-1\r\n", "", wire.KindProtocol)
	f(chunked+"3\nabc", "", wire.KindProtocol)
}

func TestBrokenHeads(t *testing.T) {
	f := func(raw string, kind wire.Kind) {
		t.Helper()
		node := wiretest.New(t, wiretest.Handler{Final: func(*wiretest.Request) *wiretest.Answer {
			return &wiretest.Answer{Raw: raw, Break: raw == "", Close: true}
		}})
		_, err := newClient(t, wire.Options{}).Do(t.Context(), getRequest(node.Addr))
		require.ErrorIs(t, err, kind)
		var e *wire.Error
		require.ErrorAs(t, err, &e)
		require.Equal(t, node.Addr, e.Addr)
	}
	f("", wire.KindBroken)
	f("HTTP/1.1 200 OK\r\nContent-Le", wire.KindBroken)
	f("SSH-2.0\r\n\r\n", wire.KindProtocol)
	f("HTTP/1.1 200 OK\r\n\r\nuntil the end", wire.KindProtocol)
	f("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", wire.KindProtocol)
}

// TestInterimAnswers has interimMax of them, and one more.
func TestInterimAnswers(t *testing.T) {
	const n = 8
	final := "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
	node := says(t, strings.Repeat("HTTP/1.1 102 Processing\r\nA: b\r\n\r\n", n)+final)
	r, err := newClient(t, wire.Options{}).Do(t.Context(), getRequest(node.Addr))
	require.NoError(t, err)
	require.Equal(t, 200, r.Status)
	node = says(t, strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", n+1)+final)
	_, err = newClient(t, wire.Options{}).Do(t.Context(), getRequest(node.Addr))
	require.ErrorIs(t, err, wire.KindProtocol)
}

// TestRetries has a kept connection that the node closes as soon as the next
// request has come.
func TestRetries(t *testing.T) {
	f := func(broken *wiretest.Answer, body []byte, retried bool) {
		t.Helper()
		node := wiretest.New(t, wiretest.Handler{Final: func(r *wiretest.Request) *wiretest.Answer {
			if r.Turn == 2 {
				return broken
			}
			return &wiretest.Answer{}
		}})
		c := newClient(t, wire.Options{})
		req := getRequest(node.Addr)
		req.Method, req.Body = "POST", body
		r, err := c.Do(t.Context(), req)
		require.NoError(t, err)
		require.NoError(t, r.Body.Close())
		_, err = c.Do(t.Context(), req)
		require.Equal(t, retried, err == nil, err)
		if retried {
			require.Equal(t, 2, node.Connections())
		} else {
			require.Equal(t, 1, node.Connections())
		}
	}
	f(&wiretest.Answer{Break: true}, nil, true)
	f(&wiretest.Answer{Break: true}, []byte("x"), false)
	f(&wiretest.Answer{Raw: "H", Close: true}, nil, false)
	f(&wiretest.Answer{Raw: "bad\r\n", Close: true}, nil, false)
}

// TestAFreshConnectionIsNotRetried: the node has read the request and left.
func TestAFreshConnectionIsNotRetried(t *testing.T) {
	node := wiretest.New(t, wiretest.Handler{Final: func(*wiretest.Request) *wiretest.Answer {
		return &wiretest.Answer{Break: true}
	}})
	_, err := newClient(t, wire.Options{}).Do(t.Context(), getRequest(node.Addr))
	require.ErrorIs(t, err, wire.KindBroken)
	require.Equal(t, 1, node.Connections())
}

// TestClosedWhileIdle: a request with a body does not meet a connection that
// the node closed before.
func TestClosedWhileIdle(t *testing.T) {
	node := wiretest.New(t, wiretest.Handler{})
	c := newClient(t, wire.Options{})
	req := getRequest(node.Addr)
	req.Method, req.Body = "POST", []byte("x")
	for turn := range 3 {
		r, err := c.Do(t.Context(), req)
		require.NoError(t, err)
		require.NoError(t, r.Body.Close())
		require.Equal(t, turn+1, node.Connections())
		node.CloseConnections()
	}
}

func TestConnectErrors(t *testing.T) {
	refused := errors.New("refused")
	c := newClient(t, wire.Options{Dial: func(context.Context, string) (net.Conn, error) { return nil, refused }})
	_, err := c.Do(t.Context(), getRequest("127.0.0.1:1"))
	require.ErrorIs(t, err, wire.KindConnect)
	require.ErrorIs(t, err, refused)
	require.EqualError(t, err, "GET 127.0.0.1:1/sdb1: cannot connect: refused")

	hangs := func(ctx context.Context, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	c = newClient(t, wire.Options{Dial: hangs, ConnectTimeout: time.Millisecond})
	_, err = c.Put(t.Context(), putRequest("127.0.0.1:1"))
	require.ErrorIs(t, err, wire.KindConnect)
	require.ErrorIs(t, err, context.DeadlineExceeded)

	c = newClient(t, wire.Options{Dial: hangs})
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(time.Millisecond, func() { cancel(refused) })
	_, err = c.Do(ctx, getRequest("127.0.0.1:1"))
	require.ErrorIs(t, err, wire.KindCanceled)
	require.ErrorIs(t, err, refused)
	_, err = c.Do(ctx, getRequest("127.0.0.1:1"))
	require.ErrorIs(t, err, wire.KindCanceled)
}

func TestTimeouts(t *testing.T) {
	node := wiretest.New(t, wiretest.Handler{
		Final: func(r *wiretest.Request) *wiretest.Answer {
			if r.Query == "body" {
				// The rest of the body never comes, and the connection stays.
				return &wiretest.Answer{Raw: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc"}
			}
			return &wiretest.Answer{Hang: true}
		},
		Expect: func(r *wiretest.Request) *wiretest.Answer {
			if r.Query == "expect" {
				return &wiretest.Answer{Hang: true}
			}
			return nil
		},
	})
	c := newClient(t, wire.Options{})
	request := func(query string) *wire.Request {
		r := getRequest(node.Addr)
		r.Path += "?" + query
		r.NodeTimeout = 20 * time.Millisecond
		return r
	}
	timeout := func(err error) {
		t.Helper()
		require.ErrorIs(t, err, wire.KindTimeout)
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	}
	_, err := c.Do(t.Context(), request("head"))
	timeout(err)
	r, err := c.Do(t.Context(), request("body"))
	require.NoError(t, err)
	_, err = io.ReadAll(r.Body)
	timeout(err)
	req := request("expect")
	req.Method = "PUT"
	p, err := c.Put(t.Context(), req)
	require.NoError(t, err)
	_, _, err = p.Continue(t.Context())
	timeout(err)
	req.Path = "/d/7/a/c/o"
	p, err = c.Put(t.Context(), req)
	require.NoError(t, err)
	_, _, err = p.Continue(t.Context())
	require.NoError(t, err)
	_, err = p.Finish(t.Context())
	timeout(err)
}

// TestWriteTimeout: the node reads nothing more after the head.
func TestWriteTimeout(t *testing.T) {
	release := make(chan bool)
	defer close(release)
	node := wiretest.New(t, wiretest.Handler{MidBody: func(*wiretest.Request, int) *wiretest.Answer {
		<-release
		return &wiretest.Answer{Break: true}
	}})
	req := putRequest(node.Addr)
	req.NodeTimeout = 20 * time.Millisecond
	p, err := newClient(t, wire.Options{}).Put(t.Context(), req)
	require.NoError(t, err)
	_, _, err = p.Continue(t.Context())
	require.NoError(t, err)
	block := make([]byte, 1<<20)
	for err == nil {
		err = p.Write(block)
	}
	require.ErrorIs(t, err, wire.KindTimeout)
}

// TestContextEndsABody: the end of the context closes the connection inside the
// body.
func TestContextEndsABody(t *testing.T) {
	node := says(t, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc")
	c := newClient(t, wire.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	r, err := c.Do(ctx, getRequest(node.Addr))
	require.NoError(t, err)
	b := make([]byte, 3)
	_, err = io.ReadFull(r.Body, b)
	require.NoError(t, err)
	time.AfterFunc(time.Millisecond, cancel)
	_, err = r.Body.Read(b)
	require.ErrorIs(t, err, wire.KindCanceled)
	require.ErrorIs(t, err, context.Canceled)
}

func TestIdleLimits(t *testing.T) {
	// Each burst holds all its connections at the same time.
	burst := func(t *testing.T, c *wire.Client, n int, nodes ...*wiretest.Server) {
		t.Helper()
		var open []*wire.Response
		for _, node := range nodes {
			for range n {
				r, err := c.Do(t.Context(), getRequest(node.Addr))
				require.NoError(t, err)
				open = append(open, r)
			}
		}
		for _, r := range open {
			readAll(t, r)
		}
	}
	ok := "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
	t.Run("per node", func(t *testing.T) {
		node := says(t, ok)
		c := newClient(t, wire.Options{IdlePerNode: 2})
		burst(t, c, 3, node)
		burst(t, c, 3, node)
		require.Equal(t, 4, node.Connections())
	})
	t.Run("in all", func(t *testing.T) {
		one, two := says(t, ok), says(t, ok)
		c := newClient(t, wire.Options{IdleTotal: 3})
		burst(t, c, 2, one, two)
		burst(t, c, 2, one, two)
		require.Equal(t, 5, one.Connections()+two.Connections())
	})
	t.Run("none", func(t *testing.T) {
		node := says(t, ok)
		c := newClient(t, wire.Options{IdlePerNode: -1})
		burst(t, c, 1, node)
		burst(t, c, 1, node)
		require.Equal(t, 2, node.Connections())
	})
	t.Run("age", func(t *testing.T) {
		node := says(t, ok)
		c := newClient(t, wire.Options{IdleAge: time.Nanosecond})
		burst(t, c, 1, node)
		burst(t, c, 1, node)
		require.Equal(t, 2, node.Connections())
	})
	t.Run("closed client", func(t *testing.T) {
		node := says(t, ok)
		c := newClient(t, wire.Options{})
		burst(t, c, 2, node)
		c.Close()
		burst(t, c, 2, node)
		burst(t, c, 1, node)
		require.Equal(t, 5, node.Connections())
	})
}

// TestSweep: connections that no request takes are closed by their age.
func TestSweep(t *testing.T) {
	var open sync.WaitGroup
	node := says(t, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
	c := newClient(t, wire.Options{IdleAge: 5 * time.Millisecond, Dial: func(_ context.Context, addr string) (net.Conn, error) {
		nc, err := net.Dial("tcp", addr)
		open.Add(1)
		return &watchedConn{Conn: nc, closed: &open}, err
	}})
	for range 3 {
		r, err := c.Do(t.Context(), getRequest(node.Addr))
		require.NoError(t, err)
		require.NoError(t, r.Body.Close())
	}
	open.Wait()
}

type watchedConn struct {
	net.Conn
	closed *sync.WaitGroup
}

func (c *watchedConn) Close() error {
	c.closed.Done()
	return c.Conn.Close()
}

func TestConnectedIsTold(t *testing.T) {
	node := says(t, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
	var told []string
	c := newClient(t, wire.Options{Connected: func(addr string, took time.Duration) {
		require.GreaterOrEqual(t, took, time.Duration(0))
		told = append(told, addr)
	}})
	for range 2 {
		r, err := c.Do(t.Context(), getRequest(node.Addr))
		require.NoError(t, err)
		require.NoError(t, r.Body.Close())
	}
	require.Equal(t, []string{node.Addr}, told)
}

func TestBodyWriteTo(t *testing.T) {
	body := strings.Repeat("x", 300_000)
	for _, chunked := range []bool{false, true} {
		node := wiretest.New(t, wiretest.Handler{Final: func(*wiretest.Request) *wiretest.Answer {
			return &wiretest.Answer{Body: []byte(body), Chunked: chunked}
		}})
		c := newClient(t, wire.Options{})
		r, err := c.Do(t.Context(), getRequest(node.Addr))
		require.NoError(t, err)
		var b strings.Builder
		n, err := io.Copy(&b, r.Body)
		require.NoError(t, err)
		require.EqualValues(t, len(body), n)
		require.Equal(t, body, b.String())
		r, err = c.Do(t.Context(), getRequest(node.Addr))
		require.NoError(t, err)
		require.NoError(t, iotest.TestReader(r.Body, []byte(body)))
		r, err = c.Do(t.Context(), getRequest(node.Addr))
		require.NoError(t, err)
		_, err = r.Body.(io.WriterTo).WriteTo(brokenWriter{})
		require.ErrorIs(t, err, io.ErrClosedPipe)
		require.NoError(t, r.Body.Close())
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }
