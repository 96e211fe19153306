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
	// holdWait is how long a request waits for memory before it gets 503.
	holdWait = 2 * time.Second
	// WholeBodyTime bounds how long a body that is read whole may take to
	// arrive: 408 after it. A body that trickles holds memory for nothing.
	WholeBodyTime = 60 * time.Second
	// smallHoldBytes is what a request of a known user may hold without being a
	// large one. Large ones, and strangers', have one half of the account
	// together, so that there is room for the small ones, which are most, however
	// many of the others wait.
	smallHoldBytes = 256 << 10
	// firstReadBytes is what ReadWhole begins with: a client that announces a
	// long body and sends nothing holds no more.
	firstReadBytes = 16 << 10
)

// ErrNoMemory is the cause of the 503 of a request that found the account of
// memory used up.
var ErrNoMemory = errors.New("the memory for requests is used up")

// Memory is the account of the bytes that all requests together hold whole:
// bodies, manifests, pages and what is made of them. Bytes that stream through
// a buffer of their own are not on it. It is safe for concurrent use.
type Memory struct {
	limit int64 // bytes
	free  *semaphore.Weighted
	large *semaphore.Weighted // of half of limit: large requests and strangers
	used  atomic.Int64
}

// NewMemory makes an account of limit bytes.
func NewMemory(limit int64) *Memory {
	return &Memory{limit: limit, free: semaphore.NewWeighted(limit), large: semaphore.NewWeighted(limit / 2)}
}

// Limit is the size of the account in bytes.
func (m *Memory) Limit() int64 { return m.limit }

// Used is how many bytes are taken now.
func (m *Memory) Used() int64 { return m.used.Load() }

// Try takes n bytes if they are free at this moment.
func (m *Memory) Try(n int64) bool {
	if !m.free.TryAcquire(n) {
		return false
	}
	m.used.Add(n)
	return true
}

// Give gives back n bytes that were taken.
func (m *Memory) Give(n int64) {
	m.used.Add(-n)
	m.free.Release(n)
}

// take waits for n bytes, in the order of arrival, for holdWait at most; large
// ones count against the half for them too.
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

func acquire(ctx context.Context, of *semaphore.Weighted, limit, n int64, end time.Time) bool {
	if of.TryAcquire(n) {
		return true
	}
	if n > limit {
		return false // Acquire would wait for what never comes
	}
	wait, cancel := context.WithDeadline(ctx, end)
	defer cancel()
	return of.Acquire(wait, n) == nil
}

func (m *Memory) refusal(ctx context.Context, n int64) error {
	if err := ctx.Err(); err != nil {
		return &StatusError{Status: 499, Err: err}
	}
	return &StatusError{
		Status: 503, Header: Header{{"Retry-After", "1"}},
		Err: fmt.Errorf("%w: %d bytes asked for, %d of %d taken", ErrNoMemory, n, m.Used(), m.limit),
	}
}

// Held is what one request, with its subrequests, has taken of an account. The
// zero value takes nothing and is without a bound. It is safe for concurrent
// use.
type Held struct {
	memory *Memory

	mu    sync.Mutex
	bytes int64 // all that is held
	large int64 // what of it counts against the half for large ones
	known bool  // a request of a known user that was allowed
}

// SetKnown says that the request is no stranger's any more.
func (h *Held) SetKnown() {
	h.mu.Lock()
	h.known = true
	h.mu.Unlock()
}

// Use makes h take of m, which may be nil: no bound.
func (h *Held) Use(m *Memory) { h.memory = m }

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

// End gives back everything.
func (h *Held) End() {
	if h.memory != nil {
		h.give(math.MaxInt64)
	}
}

// SetHeld makes the request, and what is derived from it later, take of h.
func (r *Request) SetHeld(h *Held) { r.held = h }

// Hold takes n bytes of the process's account of memory, before they are
// allocated, until the response has been sent or Release gives them back. It
// waits a little if they are not free, and fails with 503, or with 499 once
// the client has left. A stranger's request, and one that holds more than
// smallHoldBytes, has one half of the account with all that are like it.
func (r *Request) Hold(n int64) error {
	if r.held == nil || r.held.memory == nil || n <= 0 {
		return nil
	}
	return r.held.take(r.Context(), n)
}

// Release gives back n bytes that Hold took, before the end of the request.
func (r *Request) Release(n int64) {
	if r.held == nil || r.held.memory == nil || n <= 0 {
		return
	}
	r.held.give(n)
}

// ErrBodyTooLong is ReadWhole's error for a body that is longer than its limit.
var ErrBodyTooLong = errors.New("the body is longer than its limit")

// ReadWhole reads the body whole into memory that Hold accounts for. A body of
// more than limit bytes is ErrBodyTooLong, before anything is read if its
// length was announced. A body that takes longer than WholeBodyTime is 408.
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
