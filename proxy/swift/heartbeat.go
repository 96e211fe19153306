// SPDX-License-Identifier: Apache-2.0

package swift

import (
	"bytes"
	"context"
	"io"
	"time"

	"needletail/proxy/web"
)

// HeartbeatInterval is how often a slow answer sends a space, Swift's
// yield_frequency. A connection that carries bytes is not taken for dead by
// proxies on the way.
const HeartbeatInterval = 10 * time.Second

// Heartbeat answers 200 with the result of work. If work takes longer than
// HeartbeatInterval, the answer begins before the result: with first, then a
// space per interval, then an empty line and the result, at unknown length.
// Work runs in a goroutine of its own. The goroutine ends before the body is
// closed; closing ends the context of work. Work must begin with reading the
// request's body, because a 100 Continue cannot follow the head of the answer.
func Heartbeat(r *Request, contentType, first string, work func(context.Context) []byte) *web.Response {
	h := startHeartbeat(r, first, work)
	select {
	case <-h.done:
		_ = h.Close()
		return web.NewBytes(200, contentType, h.outcome())
	case <-h.ticker.C:
	}
	return h.response(200, contentType)
}

// HeartbeatAtOnce is Heartbeat with status 202, and with a space before the
// work is done, however short the work is. The request's body must have been
// read.
func HeartbeatAtOnce(r *Request, contentType string, work func(context.Context) []byte) *web.Response {
	return startHeartbeat(r, " ", work).response(202, contentType)
}

// startHeartbeat starts work and its ticker.
func startHeartbeat(r *Request, first string, work func(context.Context) []byte) *heartbeat {
	h := &heartbeat{beat: first, done: make(chan struct{}), ticker: time.NewTicker(HeartbeatInterval)}
	ctx, cancel := context.WithCancel(r.Context())
	h.cancel = cancel
	go func() {
		defer close(h.done)
		defer func() { h.failed = recover() }()
		h.result = work(ctx)
	}()
	return h
}

// response returns the answer with h as its body.
func (h *heartbeat) response(status int, contentType string) *web.Response {
	return &web.Response{
		Status: status, Header: web.Header{{Name: "Content-Type", Value: contentType}},
		Body: h, ContentLength: -1,
	}
}

// heartbeat is the body of an answer with a result still to come.
type heartbeat struct {
	cancel context.CancelFunc
	ticker *time.Ticker
	done   chan struct{}
	result []byte // set before done is closed
	failed any    // the value of a panic of work, to panic with in the front's goroutine
	beat   string // the next text to send; "": wait for the next tick
	rest   *bytes.Reader
}

// outcome returns the result of the finished work, or panics with the panic of
// work.
func (h *heartbeat) outcome() []byte {
	if h.failed != nil {
		panic(h.failed)
	}
	return h.result
}

// Read returns a beat at once, a beat per interval, then the result.
func (h *heartbeat) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if h.rest == nil && h.beat == "" {
		select {
		case <-h.done:
			h.rest = bytes.NewReader(append([]byte("\r\n\r\n"), h.outcome()...))
		case <-h.ticker.C:
			h.beat = " "
		}
	}
	if h.beat != "" {
		n := copy(p, h.beat)
		h.beat = h.beat[n:]
		return n, nil
	}
	return h.rest.Read(p)
}

// Close stops running work, and waits for the end of the work.
func (h *heartbeat) Close() error {
	h.cancel()
	h.ticker.Stop()
	<-h.done
	return nil
}

var _ io.ReadCloser = (*heartbeat)(nil)
