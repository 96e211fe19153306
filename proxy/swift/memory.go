package swift

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"
)

const (
	// HoldWait is how long a request waits for memory before it gets 503.
	HoldWait = 2 * time.Second
	// WholeBodyTime bounds how long a body that is read whole may take to
	// arrive: 408 after it. A body that trickles holds memory for nothing.
	WholeBodyTime = 60 * time.Second
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
	used  atomic.Int64
}

// NewMemory makes an account of limit bytes.
func NewMemory(limit int64) *Memory {
	return &Memory{limit: limit, free: semaphore.NewWeighted(limit)}
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

// take waits for n bytes, in the order of arrival, for HoldWait at most.
func (m *Memory) take(ctx context.Context, n int64) error {
	if m.Try(n) {
		return nil
	}
	wait, cancel := context.WithTimeout(ctx, HoldWait)
	defer cancel()
	if n > m.limit || m.free.Acquire(wait, n) != nil {
		if err := ctx.Err(); err != nil {
			return &StatusError{Status: 499, Err: err}
		}
		return &StatusError{
			Status: 503, Header: Header{{"Retry-After", "1"}},
			Err: fmt.Errorf("%w: %d bytes asked for, %d of %d taken", ErrNoMemory, n, m.Used(), m.limit),
		}
	}
	m.used.Add(n)
	return nil
}

// Held is what one request, with its subrequests, has taken of an account. The
// zero value takes nothing and is without a bound. It is safe for concurrent
// use.
type Held struct {
	memory *Memory
	bytes  atomic.Int64
}

// Use makes h take of m, which may be nil: no bound.
func (h *Held) Use(m *Memory) { h.memory = m }

// End gives back everything.
func (h *Held) End() {
	if n := h.bytes.Swap(0); n > 0 {
		h.memory.Give(n)
	}
}

// SetHeld makes the request, and what is derived from it later, take of h.
func (r *Request) SetHeld(h *Held) { r.held = h }

// Hold takes n bytes of the process's account of memory, before they are
// allocated, until the response has been sent or Release gives them back. It
// waits a little if they are not free, and fails with 503, or with 499 once
// the client has left.
func (r *Request) Hold(n int64) error {
	if r.held == nil || r.held.memory == nil || n <= 0 {
		return nil
	}
	if err := r.held.memory.take(r.Context(), n); err != nil {
		return err
	}
	r.held.bytes.Add(n)
	return nil
}

// Release gives back n bytes that Hold took, before the end of the request.
func (r *Request) Release(n int64) {
	if r.held == nil || r.held.memory == nil || n <= 0 {
		return
	}
	r.held.bytes.Add(-n)
	r.held.memory.Give(n)
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
