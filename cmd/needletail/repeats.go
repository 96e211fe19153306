// SPDX-License-Identifier: Apache-2.0

package main

import (
	"sync"
	"time"
)

// A full disk fails every upload, and a flood is refused request by request.
// Each would be a line. Within repeatWindow the log has a line for the first
// repeatsInFull events of a kind, and then one line with the number of the
// further events.
const (
	repeatsInFull = 10
	repeatWindow  = 10 * time.Second
)

// repeats bounds the lines about repeated events. There are few kinds.
type repeats[kind comparable] struct {
	// sumUp logs how many events of a kind had no line of their own.
	sumUp func(of kind, more int)

	mu   sync.Mutex
	seen map[kind]int // how many happened in this window
}

func newRepeats[kind comparable](sumUp func(of kind, more int)) *repeats[kind] {
	return &repeats[kind]{sumUp: sumUp, seen: map[kind]int{}}
}

// inFull counts an event and reports whether the event has a line of its own.
// The first event of a kind begins the window.
func (r *repeats[kind]) inFull(of kind) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.seen[of]++; r.seen[of] == 1 {
		time.AfterFunc(repeatWindow, func() { r.end(of) })
	}
	return r.seen[of] <= repeatsInFull
}

// end ends a window.
func (r *repeats[kind]) end(of kind) {
	r.mu.Lock()
	n := r.seen[of]
	delete(r.seen, of)
	r.mu.Unlock()
	if more := n - repeatsInFull; more > 0 {
		r.sumUp(of, more)
	}
}
