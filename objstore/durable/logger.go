// SPDX-License-Identifier: Apache-2.0

package durable

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// logger passes Pebble's messages on. A fatal message, after which Pebble
// expects the process to end, seals the database.
type logger struct {
	name string
	slog *slog.Logger
	seal *seal
}

func (l *logger) Infof(format string, args ...any) {
	if l.slog.Enabled(context.Background(), slog.LevelDebug) {
		l.slog.Debug(l.name + ": " + fmt.Sprintf(format, args...))
	}
}

func (l *logger) Errorf(format string, args ...any) {
	l.slog.Error(l.name + ": " + fmt.Sprintf(format, args...))
}

func (l *logger) Fatalf(format string, args ...any) {
	l.seal.fail(fmt.Errorf(format, args...))
}

// tellAgain is the pause between two log lines about background work that goes
// on failing.
const tellAgain = 30 * time.Second

// background is the state of flushes and compactions.
type background struct {
	name string
	slog *slog.Logger

	flush, compaction work
	corrupt           atomic.Int64 // how often damage was met

	mu   sync.Mutex // guards told
	told time.Time
}

// work is a kind of background work.
type work struct {
	// last is the error of the last piece of work. Pebble has an error also for
	// a flush of nothing, and reports only the rest as failures.
	last    atomic.Pointer[error]
	failing atomic.Pointer[error] // why it fails now, or nil
}

func (w *work) ended(err error) {
	if err == nil {
		w.failing.Store(nil)
		return
	}
	w.last.Store(&err)
}

func (w *work) reported(err error) {
	if last := w.last.Load(); last != nil && errors.Is(err, *last) {
		w.failing.Store(last)
	}
}

// err is why flushes or compactions fail, or nil.
func (b *background) err() error {
	for _, w := range []*work{&b.flush, &b.compaction} {
		if err := w.failing.Load(); err != nil {
			return *err
		}
	}
	return nil
}

// failed is told of errors of background work, and logs them now and then.
func (b *background) failed(err error) {
	b.flush.reported(err)
	b.compaction.reported(err)
	if pebble.IsCorruptionError(err) {
		b.corrupt.Add(1)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if time.Since(b.told) < tellAgain {
		return
	}
	b.told = time.Now()
	b.slog.Error(b.name+": background work failed, and is tried again", "err", err)
}

func (b *background) listener() *pebble.EventListener {
	l := &pebble.EventListener{
		BackgroundError: b.failed,
		FlushEnd:        func(i pebble.FlushInfo) { b.flush.ended(i.Err) },
		CompactionEnd:   func(i pebble.CompactionInfo) { b.compaction.ended(i.Err) },
		DataCorruption: func(i pebble.DataCorruptionInfo) {
			b.corrupt.Add(1)
			b.slog.Error(b.name+": a table is damaged", "file", i.Path, "err", i.Details)
		},
		WriteStallBegin: func(i pebble.WriteStallBeginInfo) {
			b.slog.Warn(b.name+": writes wait for flush or compaction", "reason", i.Reason)
		},
		WriteStallEnd: func() { b.slog.Info(b.name + ": writes go on") },
	}
	l.EnsureDefaults(nil)
	return l
}
