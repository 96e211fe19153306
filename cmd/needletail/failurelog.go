// SPDX-License-Identifier: Apache-2.0

package main

import (
	"log/slog"

	"needletail/proxy/httpfront"
)

// failureKind groups failures: failures of the same kind are counted together.
type failureKind struct {
	service string
	status  int
}

// failureLog writes a line for each request that failed.
type failureLog struct {
	logger *slog.Logger
	failed *repeats[failureKind]
}

func newFailureLog(logger *slog.Logger) *failureLog {
	return &failureLog{logger: logger, failed: newRepeats(func(of failureKind, more int) {
		logger.Error("more requests failed", "service", of.service, "status", of.status,
			"count", more, "within", repeatWindow)
	})}
}

// add logs a failed request. The path has no query: a query may hold
// signatures.
func (l *failureLog) add(d httpfront.Done, service string, cause error) {
	if !l.failed.inFull(failureKind{service, d.Status}) {
		return
	}
	l.logger.Error("request failed", "method", d.Method, "path", d.RawPath, "status", d.Status,
		"trans_id", d.TransID, "err", cause)
}
