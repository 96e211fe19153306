// SPDX-License-Identifier: Apache-2.0

package infocache

import (
	"sync"
	"time"
)

// limiter sends a server that errs too often to rest
// (swift/common/memcached.py: _exception_occurred).
type limiter struct {
	limit    int           // errors that are borne
	interval time.Duration // of the errors, and of the rest

	mu     sync.Mutex
	errors []time.Time // the last ones, at most limit + 1
	until  time.Time
}

// resting says whether the server is not to be asked.
func (l *limiter) resting(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return now.Before(l.until)
}

// failed counts an error, and says whether the server's rest begins.
func (l *limiter) failed(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.errors) > l.limit {
		l.errors = append(l.errors[:0], l.errors[1:]...)
	}
	l.errors = append(l.errors, now)
	if len(l.errors) <= l.limit || now.Sub(l.errors[0]) >= l.interval {
		return false
	}
	l.errors, l.until = l.errors[:0], now.Add(l.interval)
	return true
}
