// SPDX-License-Identifier: Apache-2.0

package infocache

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// local is the backend in the process, with bounds on keys and on bytes: the
// values that were not used for the longest time go first.
type local struct {
	now func() time.Time

	mu    sync.Mutex
	lru   *simplelru.LRU[string, localValue]
	bytes int // of names and values
}

type localValue struct {
	value
	until time.Time
}

// newLocal makes an empty cache for a number of keys, which is positive.
func newLocal(keys int) *local {
	l := &local{now: time.Now}
	l.lru, _ = simplelru.NewLRU(keys, func(name string, v localValue) { l.bytes -= sizeOf(name, v.value) })
	return l
}

func sizeOf(name string, v value) int { return len(name) + len(v.bytes) }

func (l *local) get(_ context.Context, name string) (value, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.find(name)
}

// find is get under the lock.
func (l *local) find(name string) (value, error) {
	v, ok := l.lru.Get(name)
	if !ok {
		return value{}, errMiss
	}
	if !l.now().Before(v.until) {
		l.lru.Remove(name)
		return value{}, errMiss
	}
	return v.value, nil
}

func (l *local) set(_ context.Context, name string, v value, life time.Duration) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.put(name, v, l.now().Add(life))
	return nil
}

// put is set under the lock.
func (l *local) put(name string, v value, until time.Time) {
	l.lru.Remove(name) // the LRU would not tell the old value's bytes
	l.bytes += sizeOf(name, v)
	l.lru.Add(name, localValue{v, until})
	for l.bytes > localBytesMax {
		l.lru.RemoveOldest()
	}
}

func (l *local) remove(_ context.Context, name string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lru.Remove(name)
	return nil
}

func (l *local) add(_ context.Context, name string, delta uint64, life time.Duration) (uint64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	sum, until := delta, l.now().Add(life)
	if v, err := l.find(name); err == nil {
		old, err := strconv.ParseUint(string(v.bytes), 10, 64)
		if err != nil {
			return 0, fmt.Errorf("add to a cached value: %w", err)
		}
		kept, _ := l.lru.Peek(name)
		sum, until = old+delta, kept.until
	}
	l.put(name, value{bytes: strconv.AppendUint(nil, sum, 10)}, until)
	return sum, nil
}

func (l *local) close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lru.Purge()
	return nil
}
