// SPDX-License-Identifier: Apache-2.0

package proxylogging

import (
	"fmt"
	"io"
	"sync"

	"needletail/proxy/web"
)

// Log writes lines, each with a single Write. A Log is safe for concurrent use.
// After the first error nothing more is written.
type Log struct {
	mu  sync.Mutex
	w   io.Writer
	buf []byte
	err error
}

// NewLog writes to w.
func NewLog(w io.Writer) *Log { return &Log{w: w} }

// SetWriter writes to w from the next line on, after any earlier failure.
func (l *Log) SetWriter(w io.Writer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.w, l.err = w, nil
}

// Write writes the line of a request, or nothing if info has no Line. The first
// failure is returned once; later calls do nothing.
func (l *Log) Write(o Outcome, info web.LogInfo) error {
	line, ok := info.Line.(*AccessLine)
	if !ok {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return nil
	}
	l.buf = Append(l.buf[:0], o, info.Notes, line)
	if _, err := l.w.Write(l.buf); err != nil {
		l.err = fmt.Errorf("swift access log: %w", err)
		return l.err
	}
	return nil
}
