// SPDX-License-Identifier: Apache-2.0

package httpfront

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"needletail/proxy/web"
)

// versus runs us and bare fasthttp in turns, and reports our best time over
// its: the best, because the machine may be busy with other things.
func versus(b *testing.B, ours, bare func(b *testing.B)) {
	us, them := time.Hour, time.Hour
	timed := func(best *time.Duration, f func(*testing.B)) {
		start := time.Now()
		f(b)
		*best = min(*best, time.Since(start))
	}
	for b.Loop() {
		timed(&us, ours)
		timed(&them, bare)
		timed(&them, bare)
		timed(&us, ours)
	}
	b.ReportMetric(float64(us)/float64(them), "ours/bare")
	b.ReportMetric(float64(us.Nanoseconds()), "ours-ns")
	b.ReportMetric(float64(them.Nanoseconds()), "bare-ns")
}

// roundTrips makes a client that sends request n times on one connection.
func roundTrips(b *testing.B, addr, request string, size int64, n int) func(*testing.B) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = c.Close() })
	br := bufio.NewReader(c)
	piece := make([]byte, 1<<20)
	return func(b *testing.B) {
		for range n {
			if _, err := io.WriteString(c, request); err != nil {
				b.Fatal(err)
			}
			for left := size; left > 0; left -= int64(len(piece)) {
				if _, err := c.Write(piece); err != nil {
					b.Fatal(err)
				}
			}
			var res fasthttp.Response
			if err := res.Read(br); err != nil || res.StatusCode() != 200 {
				b.Fatal(err, res.StatusCode())
			}
		}
	}
}

const benchGet = "GET /v1/AUTH_x/c/o HTTP/1.1\r\nHost: h\r\nUser-Agent: bench\r\nX-Auth-Token: t\r\nAccept: */*\r\n\r\n"

func BenchmarkSmallGet(b *testing.B) {
	body := make([]byte, 1024)
	_, addr := start(b, Options{Handler: web.HandlerFunc(func(*web.Request) (*web.Response, error) {
		return web.NewBytes(200, "application/octet-stream", body), nil
	})})
	bare := startBare(b, nil, func(ctx *fasthttp.RequestCtx) { ctx.SetBody(body) })
	versus(b, roundTrips(b, addr, benchGet, 0, 100), roundTrips(b, bare, benchGet, 0, 100))
}

func BenchmarkPut64MiB(b *testing.B) {
	const size = 64 << 20
	discard := func(r io.Reader) error {
		p := make([]byte, 1<<20)
		for {
			if _, err := r.Read(p); err == io.EOF {
				return nil
			} else if err != nil {
				return err
			}
		}
	}
	_, addr := start(b, Options{Handler: web.HandlerFunc(func(r *web.Request) (*web.Response, error) {
		return web.NewResponse(200), discard(r.Body)
	})})
	bare := startBare(b, nil, func(ctx *fasthttp.RequestCtx) {
		if err := discard(ctx.RequestBodyStream()); err != nil {
			ctx.SetStatusCode(500)
		}
	})
	put := fmt.Sprintf("PUT /v1/AUTH_x/c/o HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n", size)
	b.SetBytes(4 * size)
	versus(b, roundTrips(b, addr, put, size, 1), roundTrips(b, bare, put, size, 1))
}

// loopConn is a client that sends the same request again and again.
type loopConn struct {
	memConn
	request string
}

func (c *loopConn) Read(p []byte) (int, error)  { return copy(p, c.request), nil }
func (c *loopConn) Write(p []byte) (int, error) { return len(p), nil }

// BenchmarkExchange is what the front itself costs: a head read and judged, a
// request made, a response of 1 KiB framed; no engine, no system call.
func BenchmarkExchange(b *testing.B) {
	body := make([]byte, 1024)
	s := New(Options{Handler: web.HandlerFunc(func(*web.Request) (*web.Response, error) {
		return web.NewBytes(200, "application/octet-stream", body), nil
	})})
	c := &conn{Conn: &loopConn{request: benchGet}, srv: s, opts: s.now.Load()}
	b.ReportAllocs()
	for b.Loop() {
		if err := c.nextHead(); err != nil {
			b.Fatal(err)
		}
		if !s.serve(c.next) {
			b.Fatal("the connection closed")
		}
		c.end()
	}
}
