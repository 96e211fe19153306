// SPDX-License-Identifier: Apache-2.0

package infocache

import (
	"bytes"
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// The bounds of memos. A value that is longer than memoValueMax is decoded each
// time.
const (
	memoKeys     = 4096
	memoBytesMax = 8 << 20
	memoValueMax = 2 << 20
)

// memo keeps decoded values beside their bytes: decoding JSON takes 20 µs for a
// container and far more for the shards of a big container, and every request
// needs both. The bytes come from the cache each time, so a memo is never older
// than the cache.
type memo[T any] struct {
	decode func([]byte) (T, error)

	mu    sync.Mutex
	lru   *simplelru.LRU[string, memoValue[T]]
	bytes int // of names and values
}

type memoValue[T any] struct {
	raw     []byte
	decoded T
}

func newMemo[T any](decode func([]byte) (T, error)) *memo[T] {
	m := &memo[T]{decode: decode}
	m.lru, _ = simplelru.NewLRU(memoKeys, func(name string, v memoValue[T]) { m.bytes -= len(name) + len(v.raw) })
	return m
}

// of returns what the bytes of a name mean. The result is shared.
func (m *memo[T]) of(name string, raw []byte) (T, error) {
	if known, ok := m.known(name, raw); ok {
		return known, nil
	}
	decoded, err := m.decode(raw)
	if err == nil && len(raw) <= memoValueMax {
		m.keep(name, memoValue[T]{raw, decoded})
	}
	return decoded, err
}

func (m *memo[T]) known(name string, raw []byte) (decoded T, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	v, ok := m.lru.Get(name)
	if !ok || !bytes.Equal(v.raw, raw) {
		return decoded, false
	}
	return v.decoded, true
}

func (m *memo[T]) keep(name string, v memoValue[T]) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.lru.Remove(name) // the LRU would not tell the old value's bytes
	m.bytes += len(name) + len(v.raw)
	m.lru.Add(name, v)
	for m.bytes > memoBytesMax {
		m.lru.RemoveOldest()
	}
}
