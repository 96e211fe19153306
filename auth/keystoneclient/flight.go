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
// run as the attempt. joined is true if the value is of an attempt of a
// different caller. goOn starts run on a goroutine of its own, and run outlives
// ctx. run leaves its value where known finds the value: do asks known under its
// lock, since an attempt may have ended after the caller looked.
func (f *flight[K, V]) do(ctx context.Context, key K, known func() (V, bool), goOn func(func()), run func() (V, error)) (v V, joined bool, err error) {
	t, joined := f.join(key, known, goOn, run)
	select {
	case <-t.done:
		return t.value, joined, t.err
	case <-ctx.Done():
		return v, joined, ctx.Err()
	}
}

// join returns the attempt of a key, and starts the attempt if need be.
func (f *flight[K, V]) join(key K, known func() (V, bool), goOn func(func()), run func() (V, error)) (t *try[V], joined bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if t, ok := f.now[key]; ok {
		return t, true
	}
	t = &try[V]{done: make(chan struct{})}
	if v, ok := known(); ok {
		t.value = v
		close(t.done)
		return t, true
	}
	if f.now == nil {
		f.now = map[K]*try[V]{}
	}
	f.now[key] = t
	goOn(func() {
		t.value, t.err = run()
		f.mu.Lock()
		delete(f.now, key)
		f.mu.Unlock()
		close(t.done)
	})
	return t, false
}
