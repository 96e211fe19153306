// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"context"
	"errors"
	"sync/atomic"
)

// exchange is a request and its answers on a connection.
type exchange struct {
	client *Client
	conn   *conn
	ctx    context.Context
	wait   context.Context // of the wait that runs now; nil without
	// unwatch ends the watch of ctx, which closes the connection. False means
	// that the connection is closed, or about to be.
	unwatch func() bool

	method, device string

	state atomic.Uint32 // exchangeRuns and the following
}

// States of an exchange.
const (
	exchangeRuns uint32 = iota
	exchangeOver
	exchangeAborted
)

// begin takes an idle connection to the node, or a fresh connection.
func (c *Client) begin(ctx context.Context, req *Request, fresh bool) (*exchange, error) {
	x := &exchange{client: c, ctx: ctx, method: req.Method, device: req.Device}
	if err := ctx.Err(); err != nil {
		return nil, x.error(req.Addr, req.Method, err)
	}
	if !fresh {
		x.conn = c.pool.get(req.Addr)
	}
	if x.conn == nil {
		var err error
		if x.conn, err = c.dial(ctx, req.Addr); err != nil {
			e := x.error(req.Addr, req.Method, err)
			if e.Kind != KindCanceled {
				e.Kind = KindConnect
			}
			return nil, e
		}
	}
	x.conn.begin(req.timeout(&c.opts))
	x.unwatch = context.AfterFunc(ctx, x.conn.close)
	return x, nil
}

// error names the node and finds the kind. An ended context is the cause of all
// that fails after its end.
func (x *exchange) error(addr, op string, err error) *Error {
	e := &Error{Op: op, Addr: addr, Device: x.device, Err: err}
	if x.state.Load() == exchangeAborted {
		e.Kind, e.Err = KindCanceled, errAborted
		return e
	}
	for _, ctx := range [...]context.Context{x.ctx, x.wait} {
		if ctx != nil && ctx.Err() != nil {
			e.Kind, e.Err = KindCanceled, context.Cause(ctx)
			return e
		}
	}
	e.Kind = classify(err)
	return e
}

// fail closes the connection and names the failure.
func (x *exchange) fail(step string, err error) *Error {
	e := x.error(x.conn.addr, x.op(step), err)
	x.end(false)
	return e
}

func (x *exchange) op(step string) string { return x.method + ": " + step }

// end ends the exchange, and keeps the connection if keep says so and nothing
// is left on it.
func (x *exchange) end(keep bool) {
	c := x.conn
	keep = keep && c.in != nil && c.in.Buffered() == 0
	keep = x.state.CompareAndSwap(exchangeRuns, exchangeOver) && x.unwatch() && keep
	if !keep {
		c.close()
	}
	c.release()
	if keep {
		x.client.pool.put(c)
	}
}

// abort closes the connection, from any goroutine. After the end of the exchange
// abort does nothing.
func (x *exchange) abort() {
	if x.state.CompareAndSwap(exchangeRuns, exchangeAborted) {
		x.unwatch()
		x.conn.close()
	}
}

// ended reports whether the exchange was given up, or its context has ended:
// nothing more may be sent, although the connection may still be open.
func (x *exchange) ended() bool {
	return x.state.Load() == exchangeAborted || x.ctx.Err() != nil
}

// stale reports whether err is that of an idle connection which the node has
// closed meanwhile: nothing of the request was answered.
func (x *exchange) stale(err error) bool {
	return x.conn.reused && !x.conn.answered && errors.Is(err, KindBroken)
}

// send sends a head and, where there is a body, the body.
func (x *exchange) send(head, body []byte) error {
	if len(body) == 0 {
		return x.conn.write(head)
	}
	return x.conn.write(head, body)
}

// next reads up to the final answer or, if interim says so, up to a 100.
func (x *exchange) next(interim bool) (head, error) {
	for range interimMax + 1 {
		h, err := readHead(x.conn.in, &x.client.opts)
		if err != nil || !h.interim() || interim && h.status == 100 {
			return h, err
		}
	}
	return head{}, errInterim
}

// response makes a Response of a final answer. keep says whether the request
// was sent whole.
func (x *exchange) response(h *head, keep bool) (*Response, error) {
	length, err := h.framing(x.method)
	if err != nil {
		return nil, err
	}
	keep = keep && h.keepsAlive() && x.client.opts.IdlePerNode > 0
	r := &Response{Status: h.status, Reason: h.reason, Header: h.header, Length: length}
	b := &body{x: x, left: max(length, 0), chunked: length < 0, keep: keep}
	r.Body = b
	if length == 0 {
		b.finish()
	}
	return r, nil
}
