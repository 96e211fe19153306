// SPDX-License-Identifier: Apache-2.0

package web

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func heldRequest(m *Memory, h *Held, body string, length int64) *Request {
	h.Use(m)
	h.SetKnown()
	r := &Request{Body: strings.NewReader(body), ContentLength: length}
	r.SetHeld(h)
	return r
}

func wantStatus(t *testing.T, err error, status int) {
	t.Helper()
	var s *StatusError
	if !errors.As(err, &s) || s.Status != status {
		t.Fatalf("error %v, want status %d", err, status)
	}
}

func TestHoldWaitsAndThenRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := NewMemory(100)
		var first, second Held
		a, b := heldRequest(m, &first, "", 0), heldRequest(m, &second, "", 0)
		if err := a.Hold(100); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		err := b.Hold(1)
		wantStatus(t, err, 503)
		if retry := ErrorResponse(err).Header.Get("Retry-After"); retry == "" || m.Refused() != 1 {
			t.Errorf("Retry-After is %q, %d refusals are counted", retry, m.Refused())
		}
		if !errors.Is(err, ErrNoMemory) || time.Since(start) != holdWait {
			t.Errorf("refused after %v with %v", time.Since(start), err)
		}
		go func() {
			time.Sleep(holdWait / 2)
			first.End()
		}()
		if err := b.Hold(1); err != nil {
			t.Errorf("memory that came free in time: %v", err)
		}
		if m.Used() != 1 {
			t.Errorf("%d bytes are taken, want 1", m.Used())
		}
		second.End()
		if m.Used() != 0 {
			t.Errorf("%d bytes are taken after the end", m.Used())
		}
	})
}

func TestHoldEndsWithTheClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := NewMemory(10)
		m.Try(10)
		r := heldRequest(m, new(Held), "", 0)
		ctx, leave := context.WithCancel(t.Context())
		r.SetContext(ctx)
		time.AfterFunc(holdWait/2, leave)
		wantStatus(t, r.Hold(1), 499)
	})
}

func TestDerivedRequestHoldsForItsRequest(t *testing.T) {
	m := NewMemory(10)
	var h Held
	r := heldRequest(m, &h, "", 0)
	var derived Request
	r.Derive(&derived, "GET", "/v1/a/c")
	if err := derived.Hold(7); err != nil {
		t.Fatal(err)
	}
	if m.Used() != 7 {
		t.Errorf("%d bytes are taken, want 7", m.Used())
	}
	r.Release(3)
	h.End()
	if m.Used() != 0 {
		t.Errorf("%d bytes are taken after the end", m.Used())
	}
}

func TestReadWhole(t *testing.T) {
	const limit = 3 * firstReadBytes
	for _, c := range []struct {
		name     string
		bytes    int
		announce bool
		want     error
	}{
		{"empty", 0, true, nil},
		{"at the limit", limit, true, nil},
		{"at the limit, chunked", limit, false, nil},
		{"over the limit", limit + 1, true, ErrBodyTooLong},
		{"over the limit, chunked", limit + 1, false, ErrBodyTooLong},
	} {
		m := NewMemory(1 << 20)
		var h Held
		length := int64(-1)
		if c.announce {
			length = int64(c.bytes)
		}
		r := heldRequest(m, &h, strings.Repeat("x", c.bytes), length)
		body, err := r.ReadWhole(limit)
		if !errors.Is(err, c.want) || c.want == nil && len(body) != c.bytes {
			t.Errorf("%s: %d bytes, error %v", c.name, len(body), err)
		}
		if used := m.Used(); c.want == nil && (used < int64(c.bytes) || used > limit+1) {
			t.Errorf("%s: %d bytes are taken for %d", c.name, used, c.bytes)
		}
		h.End()
	}
}

// dripping gives a byte a second, for ever.
type dripping struct{}

func (dripping) Read(p []byte) (int, error) {
	time.Sleep(time.Second)
	p[0] = 'x'
	return 1, nil
}

func TestTricklingBodyIsNotHeldForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &Request{Body: io.Reader(dripping{}), ContentLength: 1 << 20}
		start := time.Now()
		_, err := r.ReadWhole(1 << 20)
		wantStatus(t, err, 408)
		if took := time.Since(start); took > WholeBodyTime+2*time.Second {
			t.Errorf("held for %v", took)
		}
	})
}

// Large requests leave room for small ones, and give all of it back.
func TestLargeHoldersHaveHalf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const half = 8 << 20
		m := NewMemory(2 * half)
		var first, second, small Held
		a, b, c := heldRequest(m, &first, "", 0), heldRequest(m, &second, "", 0), heldRequest(m, &small, "", 0)
		if err := a.Hold(half); err != nil {
			t.Fatal(err)
		}
		waited := make(chan error, 1)
		go func() { waited <- b.Hold(smallHoldBytes + 1) }()
		synctest.Wait()
		start := time.Now()
		if err := c.Hold(smallHoldBytes); err != nil || time.Since(start) != 0 {
			t.Errorf("a small request waited %v behind large ones: %v", time.Since(start), err)
		}
		wantStatus(t, c.Hold(1), 503)
		wantStatus(t, <-waited, 503)
		a.Release(half / 2)
		if err := b.Hold(half / 2); err != nil {
			t.Errorf("what a large request gave back is not there: %v", err)
		}
		first.End()
		second.End()
		small.End()
		if m.Used() != 0 || !m.large.TryAcquire(half) {
			t.Errorf("%d bytes are taken after the end", m.Used())
		}
	})
}

// Strangers have one half together; a grant makes a known user of one.
func TestStrangersHaveHalf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := NewMemory(100)
		var h Held
		h.Use(m)
		r := new(Request)
		r.SetHeld(&h)
		if err := r.Hold(50); err != nil {
			t.Fatal(err)
		}
		wantStatus(t, r.Hold(1), 503)
		r.Granted(false)
		wantStatus(t, r.Hold(1), 503)
		r.Granted(true)
		if err := r.Hold(50); err != nil {
			t.Fatal(err)
		}
		h.End()
		if m.Used() != 0 || !m.large.TryAcquire(50) {
			t.Errorf("%d bytes are taken after the end", m.Used())
		}
	})
}
