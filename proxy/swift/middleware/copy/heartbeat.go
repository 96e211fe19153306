// SPDX-License-Identifier: Apache-2.0

package copy

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"needletail/proxy/pyjson"
	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// heartbeatInterval is how often a long copy sends a space, Swift's
// yield_frequency, so that nothing on the way takes the connection for dead.
const heartbeatInterval = 10 * time.Second

// heartbeat is the body of a 202 that is sent before the target is there: a
// space now and then, and in the end the answer of the PUT. The PUT runs in its
// own goroutine, which ends before Close returns.
type heartbeat struct {
	ctx    context.Context
	cancel context.CancelFunc
	ticker *time.Ticker
	done   chan struct{}
	result []byte // set before done is closed
	failed any    // what the PUT panicked with: Read panics in its place
	begun  bool
	rest   *bytes.Reader // result, once it is being read
}

// startHeartbeat runs put; render turns its response into the body's end.
func startHeartbeat(r *swift.Request, put func(context.Context) *web.Response, render func(*web.Response) []byte) *heartbeat {
	h := &heartbeat{ticker: time.NewTicker(heartbeatInterval), done: make(chan struct{})}
	h.ctx, h.cancel = context.WithCancel(r.Context())
	go func() {
		defer close(h.done)
		defer func() { h.failed = recover() }()
		h.result = render(put(h.ctx))
	}()
	return h
}

// Read gives one space at once, one per interval, then the result.
func (h *heartbeat) Read(p []byte) (int, error) {
	switch {
	case len(p) == 0:
		return 0, nil
	case h.rest != nil:
		return h.rest.Read(p)
	case !h.begun:
		h.begun = true
	default:
		select {
		case <-h.done:
			if h.failed != nil {
				panic(h.failed) // a panic is the front's, which this goroutine has
			}
			h.rest = bytes.NewReader(h.result)
			return h.rest.Read(p)
		case <-h.ticker.C:
		}
	}
	p[0] = ' '
	return 1, nil
}

// Close stops a PUT that still runs, and waits for it.
func (h *heartbeat) Close() error {
	h.cancel()
	h.ticker.Stop()
	<-h.done
	return nil
}

// contextReader fails once the context ends: after the client has gone, a copy
// reads no further.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

// Read reads on.
func (c contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, &web.StatusError{Status: 499, Err: err}
	}
	return c.r.Read(p)
}

// heartbeatResult returns the end of the body, as request_helpers.py
// get_heartbeat_response_body does, and closes the response.
func heartbeatResult(contentType string, res *web.Response, job job) []byte {
	status := fmt.Sprintf("%d %s", res.Status, web.StatusText(res.Status))
	var text []byte
	if res.Body != nil {
		// Answers of a PUT are short; the bound is for answers out of order.
		const maxBodyBytes = 64 << 10
		text, _ = io.ReadAll(io.LimitReader(res.Body, maxBodyBytes))
		_ = res.Close()
	}
	result := pyjson.Object{{Key: "Response Status", Value: status}, {Key: "Response Body", Value: string(text)}}
	for _, f := range res.Header {
		_, sysmeta := web.CutPrefix(f.Name, swift.ObjectResource.SystemPrefix())
		_, backend := web.CutPrefix(f.Name, "X-Backend")
		if !sysmeta && !backend {
			result.Set(f.Name, f.Value)
		}
	}
	failed := pyjson.Array{}
	if res.Status >= 300 {
		failed = append(failed, pyjson.Array{web.Quote(job.from.Container + "/" + job.from.Object), status})
	}
	if contentType == "application/json" {
		result.Set("Errors", failed)
		return pyjson.Marshal(result)
	}
	slices.SortFunc(result, func(a, b pyjson.Member) int { return strings.Compare(a.Key, b.Key) })
	var out []byte
	for _, m := range result {
		out = fmt.Appendf(out, "%s: %s\n", m.Key, m.Value)
	}
	out = append(out, "Errors:\n"...)
	for _, f := range failed {
		pair, _ := f.(pyjson.Array)
		out = fmt.Appendf(out, "%s, %s\n", pair[0], pair[1])
	}
	return out
}
