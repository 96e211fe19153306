// SPDX-License-Identifier: Apache-2.0

package loginguard

import (
	"math"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

const (
	// tableMax bounds the rows of each table. A row takes about 200 bytes, so
	// that all tables of a Guard take at most 13 MB.
	tableMax = 16384
	// firstDelay is the delay that begins with the last allowed failure.
	firstDelay = time.Second
	// maxDoublings bounds how often a delay doubles: 2^20 s are 12 days.
	maxDoublings = 20
)

// row is the count of a key. The count is exact at the time at, the time of
// the last failure or the end of the delay. Later the count drains.
type row struct {
	failures float64
	at       time.Time
}

// table counts failures by key. It is not safe for concurrent use.
type table struct {
	allowed  int
	window   time.Duration
	maxDelay time.Duration
	rows     *simplelru.LRU[key, row]
}

func newTable(allowed int, window, maxDelay time.Duration) *table {
	return &table{allowed: allowed, window: window, maxDelay: maxDelay, rows: newRows[row]()}
}

// newRows returns an empty table of at most tableMax rows.
func newRows[T any]() *simplelru.LRU[key, T] {
	rows, err := simplelru.NewLRU[key, T](tableMax, nil)
	if err != nil {
		panic(err) // a size that is not positive
	}
	return rows
}

// wait returns the rest of a key's delay, or 0.
func (t *table) wait(k key, now time.Time) time.Duration {
	r, ok := t.rows.Get(k)
	if !ok || !r.at.After(now) {
		return 0
	}
	return r.at.Sub(now)
}

// fail counts a failure and returns the delay that begins, or 0. The caller
// has seen that no delay holds.
func (t *table) fail(k key, now time.Time) time.Duration {
	if t.allowed == 0 {
		return 0
	}
	r, _ := t.rows.Get(k)
	drained := float64(t.allowed) * float64(now.Sub(r.at)) / float64(t.window)
	r.failures = min(max(r.failures-max(drained, 0), 0)+1, float64(t.allowed+maxDoublings))
	r.at = now
	var delay time.Duration
	if over := int(math.Ceil(r.failures)) - t.allowed; over >= 0 {
		delay = min(firstDelay<<over, t.maxDelay)
		r.at = now.Add(delay)
	}
	t.rows.Add(k, r)
	return delay
}
