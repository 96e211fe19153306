package swift

import (
	"bytes"
	"context"
	"io"
	"time"

	"needletail/proxy/web"
)

// HeartbeatInterval is how often an answer that takes long sends a space,
// Swift's yield_frequency, so that nothing on the way takes the connection for
// dead.
const HeartbeatInterval = 10 * time.Second

// Heartbeat answers 200 with what work gives. If that takes longer than
// HeartbeatInterval, the answer begins before: with first, then a space per
// interval, then an empty line and the result, at unknown length. Work runs in
// a goroutine of its own, which ends before the body is closed; closing ends
// its context. It must read the request's body first of all, since a 100
// Continue cannot follow the head of the answer.
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

// HeartbeatAtOnce is Heartbeat with 202 and a space before the work is done,
// however short it is. The request's body must have been read.
func HeartbeatAtOnce(r *Request, contentType string, work func(context.Context) []byte) *web.Response {
	return startHeartbeat(r, " ", work).response(202, contentType)
}

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

func (h *heartbeat) response(status int, contentType string) *web.Response {
	return &web.Response{
		Status: status, Header: web.Header{{Name: "Content-Type", Value: contentType}},
		Body: h, ContentLength: -1,
	}
}

// heartbeat is the body of an answer that began before its result was there.
type heartbeat struct {
	cancel context.CancelFunc
	ticker *time.Ticker
	done   chan struct{}
	result []byte // set before done is closed
	failed any    // what work panicked with: it panics in the front's goroutine instead
	beat   string // what is sent next; "" is to wait for the next tick
	rest   *bytes.Reader
}

func (h *heartbeat) outcome() []byte {
	if h.failed != nil {
		panic(h.failed)
	}
	return h.result
}

// Read gives a beat at once, one per interval, then the result.
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

// Close stops the work if it still runs, and waits for it.
func (h *heartbeat) Close() error {
	h.cancel()
	h.ticker.Stop()
	<-h.done
	return nil
}

var _ io.ReadCloser = (*heartbeat)(nil)
