// SPDX-License-Identifier: Apache-2.0

package httpfront

import (
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"needletail/proxy/web"
)

// exchange is a request and its response. It is a single allocation: a handler
// that keeps the request keeps the whole exchange from the garbage collector.
type exchange struct {
	c       *conn
	start   time.Time // when the first byte came
	head    head
	headErr error  // the head is refused
	client  string // IP address of the client, behind trusted proxies
	req     web.Request
	held    web.Held
	body    body
	out     wire
	close   bool // the connection ends with this response
	status  int
	// answered is when the head of the response was made.
	answered time.Time
	err      error
	lines    [usualLines]web.HeaderField // what head.header begins as
}

// usualLines is the number of header lines of most requests, including some
// that features add.
const usualLines = 16

// begin makes the request from the head.
func (x *exchange) begin() {
	c, h := x.c, &x.head
	x.body.init(c, h)
	x.close = h.close || x.headErr != nil
	x.client = c.remote
	scheme := "http"
	if c.tls {
		scheme = "https"
	}
	if c.trusted {
		x.client, scheme = c.opts.TrustedProxies.forwarded(h.header, c.remote, scheme)
	}
	x.req = web.Request{
		Method: h.method, RawPath: h.rawPath, Path: web.Unquote(h.rawPath),
		RawQuery: h.query, Header: h.header, Host: h.host, Scheme: scheme,
		RemoteAddr: x.client, Proto: h.proto,
		Body: &x.body, ContentLength: h.length,
		TransID: web.NewTransID(x.start, h.header.Get("X-Trans-Id-Extra")),
	}
	x.req.SetContext(c.ctx)
	x.req.OnGrant, x.req.Left = c.onGrant, c.onLeft
	x.held.Use(c.srv.opts.Memory)
	x.req.SetHeld(&x.held)
}

// serve answers a request and reports whether the connection can take another.
func (s *Server) serve(x *exchange) (keep bool) {
	c := x.c
	x.begin()
	userAgent := x.req.Header.Get("User-Agent")
	whole := false
	if x.headErr != nil {
		x.err = x.headErr
		x.respond(web.ErrorResponse(x.headErr))
	} else {
		x.run()
		whole = x.body.finish()
	}
	x.held.End()
	x.req.Log.BodyBytesRead = x.body.bytesRead()
	c.idleSince = time.Now()
	c.opts.OnDone(Done{
		Method: x.head.method, RawPath: x.head.rawPath, Proto: x.head.proto,
		Status: x.status, BytesIn: x.req.Log.BodyBytesRead, BytesOut: x.out.sent,
		Start: x.start, Duration: c.idleSince.Sub(x.start), FirstByte: x.answered.Sub(x.start), TransID: x.req.TransID,
		RemoteAddr: x.client, UserAgent: userAgent, Log: x.req.Log, Err: x.err,
	})
	if whole && !x.close {
		return true
	}
	// After a whole request no input is left that would make a close reset the
	// connection.
	if x.out.err == nil && !(whole && c.r == c.w) {
		c.linger()
	}
	return false
}

// run gives the request to the handler and sends the response.
func (x *exchange) run() {
	res, err := x.callHandler()
	if err == nil && res == nil {
		err = fmt.Errorf("%w: the handler returned none", errResponse)
	}
	if err == nil {
		if err = checkResponse(res, x.head.method == "HEAD"); err != nil {
			_ = res.Close()
		}
	}
	if err != nil {
		x.err = err
		res = web.ErrorResponse(err)
		// A denial quotes the client's input. The quoted text must not split
		// the response either.
		if bad := checkResponse(res, false); bad != nil {
			x.err = errors.Join(err, bad)
			res = web.StatusPage(500)
		}
	}
	if !x.body.drainable() {
		x.close = true
	}
	x.respond(res)
}

// callHandler calls the handler, unless the client is above its rate. A panic
// becomes an error.
func (x *exchange) callHandler() (res *web.Response, err error) {
	if err := x.checkRate(); err != nil {
		return nil, err
	}
	x.c.asked.Store(true)
	defer x.c.asked.Store(false)
	defer x.recoverPanic(&err)
	return x.c.opts.Handler.Serve(&x.req)
}

// recoverPanic turns a panic into an error. The connection closes after the
// answer.
func (x *exchange) recoverPanic(err *error) {
	if v := recover(); v != nil {
		x.close = true
		x.c.srv.opts.Logger.Error("panic while serving a request",
			"trans_id", x.req.TransID, "method", x.head.method,
			"panic", fmt.Sprint(v), "stack", string(debug.Stack()))
		*err = errPanic
	}
}

var errPanic = errors.New("the handler panicked")

// respond sends res and closes it. If the body fails before anything was sent,
// an error page goes out instead. If the body fails later, the client gets a
// short body and the connection closes.
func (x *exchange) respond(res *web.Response) {
	buf := pendingPool.Get().(*[]byte)
	defer func() {
		*buf = x.out.pending[:0]
		if cap(*buf) <= 4*joinBytes {
			pendingPool.Put(buf)
		}
		x.out.pending = nil
	}()
	x.prepare(*buf, res)
	err := x.sendBody(res)
	if err != nil && !x.out.started {
		x.err = err
		res = web.ErrorResponse(err)
		x.close = true
		x.prepare(x.out.pending[:0], res)
		err = x.sendBody(res)
	}
	if err != nil {
		x.close = true
		if x.err == nil {
			x.err = err
		}
	}
}

// prepare decides the framing of res and makes the head.
func (x *exchange) prepare(buf []byte, res *web.Response) {
	x.status = res.Status
	x.c.answering.Store(true)
	x.out = wire{c: x.c, left: res.ContentLength}
	if x.head.method == "HEAD" || bodiless(res.Status) {
		x.out.left = 0
	} else if res.ContentLength < 0 {
		x.out.left = -1
		x.out.chunked = x.head.http11
		x.close = x.close || !x.head.http11
	}
	if x.c.srv.stopping.Load() {
		x.close = true
	}
	x.answered = time.Now()
	x.out.pending = x.appendHead(buf[:0], res)
}

// sendBody sends the rest of the response and closes res.
func (x *exchange) sendBody(res *web.Response) (err error) {
	defer func() {
		if closeErr := res.Close(); err == nil && closeErr != nil {
			x.err = errors.Join(x.err, closeErr)
		}
	}()
	defer x.recoverPanic(&err)
	if res.Body != nil && x.out.left != 0 {
		if err := x.out.copyBody(res.Body); err != nil {
			return x.sendError(err)
		}
	}
	if err := x.out.finish(); err != nil {
		return x.sendError(err)
	}
	return nil
}

// sendError distinguishes a failing client from a failing body.
func (x *exchange) sendError(err error) error {
	if x.out.err == nil || errors.Is(err, errShortBody) || errors.Is(err, errLongBody) {
		x.out.err = err
		return err
	}
	return writeError(err)
}
