// SPDX-License-Identifier: Apache-2.0

package keystoneclient

import (
	"context"
	"sync"
)

// flight lets callers with the same key share one attempt at the same time.
type flight[K comparable, V any] struct {
	mu  sync.Mutex
	now map[K]*try[V]
}

// try is an attempt. The attempt is under way until done is closed; from then
// on value and err are fixed.
type try[V any] struct {
	done  chan struct{}
	value V
	err   error
}

// do waits for the attempt of a key. Without an attempt under way, do starts
// run as the attempt; joined is true if an attempt was under way. goOn starts
// run on a goroutine of its own, and run outlives ctx.
func (f *flight[K, V]) do(ctx context.Context, key K, goOn func(func()), run func() (V, error)) (v V, joined bool, err error) {
	f.mu.Lock()
	if f.now == nil {
		f.now = map[K]*try[V]{}
	}
	t, joined := f.now[key]
	if !joined {
		t = &try[V]{done: make(chan struct{})}
		f.now[key] = t
		goOn(func() {
			t.value, t.err = run()
			f.mu.Lock()
			delete(f.now, key)
			f.mu.Unlock()
			close(t.done)
		})
	}
	f.mu.Unlock()
	select {
	case <-t.done:
		return t.value, joined, t.err
	case <-ctx.Done():
		return v, joined, ctx.Err()
	}
}
