// SPDX-License-Identifier: Apache-2.0

package main

import (
	"log/slog"
	"sync"
	"time"

	"needletail/proxy/httpfront"
)

// A full disk fails every upload, and each failure would be a line. Within
// failureWindow the log has a line for the first failuresInFull failures of a
// kind, and then one line with the number of the further failures.
const (
	failuresInFull = 10
	failureWindow  = 10 * time.Second
)

// failureKind groups failures: failures of the same kind are counted together.
type failureKind struct {
	service string
	status  int
}

// failureLog writes a line for each request that failed.
type failureLog struct {
	logger *slog.Logger

	mu     sync.Mutex
	failed map[failureKind]int // how many failed in this window
}

func newFailureLog(logger *slog.Logger) *failureLog {
	return &failureLog{logger: logger, failed: map[failureKind]int{}}
}

// add logs a failed request. The path has no query: a query may hold
// signatures.
func (l *failureLog) add(d httpfront.Done, service string, cause error) {
	if l.count(failureKind{service, d.Status}) > failuresInFull {
		return
	}
	l.logger.Error("request failed", "method", d.Method, "path", d.RawPath, "status", d.Status,
		"trans_id", d.TransID, "err", cause)
}

// count counts a failure and returns the number of failures of the kind in the
// present window. The first failure of a kind begins the window.
func (l *failureLog) count(kind failureKind) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.failed[kind]++; l.failed[kind] == 1 {
		time.AfterFunc(failureWindow, func() { l.sumUp(kind) })
	}
	return l.failed[kind]
}

// sumUp ends a window.
func (l *failureLog) sumUp(kind failureKind) {
	l.mu.Lock()
	n := l.failed[kind]
	delete(l.failed, kind)
	l.mu.Unlock()
	if more := n - failuresInFull; more > 0 {
		l.logger.Error("more requests failed", "service", kind.service, "status", kind.status,
			"count", more, "within", failureWindow)
	}
}
