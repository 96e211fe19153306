// SPDX-License-Identifier: Apache-2.0

package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"
)

const (
	// holdWait is how long a request waits for memory before the answer is 503.
	holdWait = 2 * time.Second
	// WholeBodyTime bounds the time in which a body that is read whole must
	// arrive; then the answer is 408. A slower body would hold memory without
	// use.
	WholeBodyTime = 60 * time.Second
	// smallHoldBytes is how much the request of a known user holds at most to
	// count as small. Large requests and requests of strangers share a half of
	// the account. Most requests are small, and find room in the second half
	// however many large requests wait.
	smallHoldBytes = 256 << 10
	// firstReadBytes is how much memory ReadWhole takes at first. A client that
	// announces a long body and sends nothing holds no more.
	firstReadBytes = 16 << 10
)

// ErrNoMemory is the cause of the 503 for a request that finds the account of
// memory used up.
var ErrNoMemory = errors.New("the memory for requests is used up")

// Memory is the account of the bytes that all requests hold whole: bodies,
// manifests, pages, and the texts made of them. Bytes that stream through a
// buffer are not on the account. Memory is safe for concurrent use.
type Memory struct {
	limit int64 // bytes
	free  *semaphore.Weighted
	large *semaphore.Weighted // of half of limit: large requests and strangers
	used  atomic.Int64
	// refused counts the requests that found the account used up.
	refused atomic.Int64
}

// NewMemory returns an account of limit bytes.
func NewMemory(limit int64) *Memory {
	return &Memory{limit: limit, free: semaphore.NewWeighted(limit), large: semaphore.NewWeighted(limit / 2)}
}

// Limit returns the size of the account in bytes.
func (m *Memory) Limit() int64 { return m.limit }

// Used returns the number of bytes that are taken now.
func (m *Memory) Used() int64 { return m.used.Load() }

// Refused returns how many requests have found the account used up so far.
func (m *Memory) Refused() int64 { return m.refused.Load() }

// Try takes n bytes if they are free now, and reports success.
func (m *Memory) Try(n int64) bool {
	if !m.free.TryAcquire(n) {
		m.refused.Add(1)
		return false
	}
	m.used.Add(n)
	return true
}

// Give returns n taken bytes to the account.
func (m *Memory) Give(n int64) {
	m.used.Add(-n)
	m.free.Release(n)
}

// take waits for n bytes, in the order of arrival, for holdWait at most. Bytes
// of a large request count against the half for large requests too.
func (m *Memory) take(ctx context.Context, n int64, large bool) error {
	end := time.Now().Add(holdWait)
	if large && !acquire(ctx, m.large, m.limit/2, n, end) {
		return m.refusal(ctx, n)
	}
	if !acquire(ctx, m.free, m.limit, n, end) {
		if large {
			m.large.Release(n)
		}
		return m.refusal(ctx, n)
	}
	m.used.Add(n)
	return nil
}

// acquire takes n of a semaphore of limit, and waits until end if n are not
// free.
func acquire(ctx context.Context, of *semaphore.Weighted, limit, n int64, end time.Time) bool {
	if of.TryAcquire(n) {
		return true
	}
	if n > limit {
		return false // Acquire would wait for ever
	}
	wait, cancel := context.WithDeadline(ctx, end)
	defer cancel()
	return of.Acquire(wait, n) == nil
}

// refusal returns 503 with Retry-After, or 499 if the client has left.
func (m *Memory) refusal(ctx context.Context, n int64) error {
	if err := ctx.Err(); err != nil {
		return &StatusError{Status: 499, Err: err}
	}
	m.refused.Add(1)
	return Busy(fmt.Errorf("%w: %d bytes asked for, %d of %d taken", ErrNoMemory, n, m.Used(), m.limit))
}

// Held is what a request and its subrequests have taken of an account. The zero
// value takes nothing and has no bound. Held is safe for concurrent use.
type Held struct {
	memory *Memory

	mu    sync.Mutex
	bytes int64 // all held bytes
	large int64 // the part taken of the half for large requests
	known bool  // the request is allowed to a known user
}

// SetKnown notes that the request is authorized for a known user.
func (h *Held) SetKnown() {
	h.mu.Lock()
	h.known = true
	h.mu.Unlock()
}

// Use makes h take from m. A nil m is no bound.
func (h *Held) Use(m *Memory) { h.memory = m }

// take waits for n bytes as Hold says.
func (h *Held) take(ctx context.Context, n int64) error {
	h.mu.Lock()
	large := !h.known || h.bytes+n > smallHoldBytes
	h.mu.Unlock()
	if err := h.memory.take(ctx, n, large); err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.bytes += n
	if large {
		h.large += n
	}
	return nil
}

// give returns n bytes, or all if h has fewer. Bytes of the half for large
// requests are returned first.
func (h *Held) give(n int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	n = min(n, h.bytes)
	h.bytes -= n
	if large := min(n, h.large); large > 0 {
		h.large -= large
		h.memory.large.Release(large)
	}
	h.memory.Give(n)
}

// End returns everything to the account.
func (h *Held) End() {
	if h.memory != nil {
		h.give(math.MaxInt64)
	}
}

// SetHeld makes the request, and every request derived from it later, take from
// h.
func (r *Request) SetHeld(h *Held) { r.held = h }

// Hold takes n bytes of the process's account of memory. Callers hold before
// they allocate. The bytes stay taken until the response has been sent or
// Release returns them. Hold waits for holdWait if the bytes are not free. Then
// it fails with 503, or with 499 once the client has left. All requests of
// strangers and all requests that hold more than smallHoldBytes share a half of
// the account.
func (r *Request) Hold(n int64) error {
	if r.held == nil || r.held.memory == nil || n <= 0 {
		return nil
	}
	return r.held.take(r.Context(), n)
}

// Release returns n held bytes before the end of the request.
func (r *Request) Release(n int64) {
	if r.held == nil || r.held.memory == nil || n <= 0 {
		return
	}
	r.held.give(n)
}

// ErrBodyTooLong is ReadWhole's error for a body above the limit.
var ErrBodyTooLong = errors.New("the body is longer than its limit")

// ReadWhole reads the whole body into memory that Hold accounts for. A body of
// more than limit bytes is ErrBodyTooLong; if its length was announced, nothing
// is read. A body that takes longer than WholeBodyTime is 408.
func (r *Request) ReadWhole(limit int64) ([]byte, error) {
	if r.ContentLength > limit {
		return nil, ErrBodyTooLong
	}
	size := min(firstReadBytes, limit) + 1 // the byte more finds the end
	if r.ContentLength >= 0 {
		size = min(size, r.ContentLength+1)
	}
	if err := r.Hold(size); err != nil {
		return nil, err
	}
	body, end := make([]byte, 0, size), time.Now().Add(WholeBodyTime)
	for {
		n, err := r.Body.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		switch {
		case int64(len(body)) > limit:
			return nil, ErrBodyTooLong
		case err == io.EOF:
			return body, nil
		case err != nil:
			return nil, err
		case time.Now().After(end):
			return nil, &StatusError{Status: 408, Err: errors.New("the body took too long")}
		}
		if len(body) == cap(body) {
			more := min(2*size, limit+1) - size
			if err := r.Hold(more); err != nil {
				return nil, err
			}
			size += more
			body = append(make([]byte, 0, size), body...)
		}
	}
}
