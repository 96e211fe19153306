package keystoneclient

import (
	"context"
	"sync"
)

// flight lets those who want the same thing at once share one try at it.
type flight[K comparable, V any] struct {
	mu  sync.Mutex
	now map[K]*try[V]
}

// try is under way until done is closed; then value and err are fixed.
type try[V any] struct {
	done  chan struct{}
	value V
	err   error
}

// do waits for the try of that key, which run starts if there is none; joined
// says that there was one. run is called on a goroutine of its own, which goOn
// starts, and outlives ctx.
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
