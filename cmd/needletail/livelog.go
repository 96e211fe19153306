// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"sync/atomic"

	"needletail/cmd/needletail/config"
)

// liveLog is the part of a log that a reload changes. A line has one level and
// one format.
type liveLog struct {
	level slog.LevelVar
	json  atomic.Bool
}

// logForm is a level and a format that were found valid.
type logForm struct {
	level slog.Level
	json  bool
}

// parseLog reads the level and the format of a log.
func parseLog(cfg config.Log) (f logForm, err error) {
	if err := f.level.UnmarshalText([]byte(cfg.Level)); err != nil {
		return f, fmt.Errorf("%w: configuration: log.level: %w", errUsage, err)
	}
	switch cfg.Format {
	case "json":
		f.json = true
	case "text":
	default:
		return f, fmt.Errorf("%w: configuration: log.format %q is neither text nor json", errUsage, cfg.Format)
	}
	return f, nil
}

func (l *liveLog) set(f logForm) {
	l.level.Set(f.level)
	l.json.Store(f.json)
}

// newLogger returns a logger that follows live. nil: nothing changes the log.
func newLogger(cfg config.Log, live *liveLog, out io.Writer) (*slog.Logger, error) {
	form, err := parseLog(cfg)
	if err != nil {
		return nil, err
	}
	if live == nil {
		live = new(liveLog)
	}
	live.set(form)
	options := &slog.HandlerOptions{Level: &live.level, ReplaceAttr: plainError}
	return slog.New(&eitherHandler{&live.json, slog.NewTextHandler(out, options), slog.NewJSONHandler(out, options)}), nil
}

// eitherHandler writes a line as text or as JSON.
type eitherHandler struct {
	asJSON     *atomic.Bool
	text, json slog.Handler
}

func (h *eitherHandler) now() slog.Handler {
	if h.asJSON.Load() {
		return h.json
	}
	return h.text
}

func (h *eitherHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.text.Enabled(ctx, level)
}

func (h *eitherHandler) Handle(ctx context.Context, r slog.Record) error {
	return h.now().Handle(ctx, r)
}

func (h *eitherHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &eitherHandler{h.asJSON, h.text.WithAttrs(attrs), h.json.WithAttrs(attrs)}
}

func (h *eitherHandler) WithGroup(name string) slog.Handler {
	return &eitherHandler{h.asJSON, h.text.WithGroup(name), h.json.WithGroup(name)}
}

// plainError shows an error as its message. Without plainError the text handler
// would print the stack inside of Pebble's errors.
func plainError(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() != slog.KindAny {
		return a
	}
	if err, ok := a.Value.Any().(error); ok {
		a.Value = slog.StringValue(err.Error())
	}
	return a
}
