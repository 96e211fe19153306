// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"io"
	"log/slog"
	"os"

	"github.com/prometheus/client_golang/prometheus"

	"needletail/cmd/needletail/config"
	"needletail/proxy/httpfront"
	"needletail/proxy/statsd"
	"needletail/proxy/swift/middleware/proxylogging"
)

// openAccessLog opens Swift's access log. The default is stdout. A file is
// appended to: an operator may truncate the file while the server runs
// (copytruncate), or move the file away before a reopen.
func openAccessLog(cfg config.Log, stdout io.Writer) (*accessLog, error) {
	l := &accessLog{lines: proxylogging.NewLog(io.Discard), stdout: stdout}
	return l, l.reopen(cfg)
}

// accessLog is the file of Swift's access lines. Lines may be written from
// several goroutines; the methods are not safe for concurrent use.
type accessLog struct {
	lines  *proxylogging.Log
	stdout io.Writer
	file   *os.File // nil: stdout, or no lines are written
}

// openAccessFile opens the file of the access lines. nil: there is no file.
func openAccessFile(cfg config.Log) (*os.File, error) {
	if !cfg.SwiftAccess || cfg.SwiftAccessFile == "" {
		return nil, nil
	}
	return os.OpenFile(cfg.SwiftAccessFile, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
}

// reopen opens the log anew. If the file cannot be opened, the log stays in the
// old file.
func (l *accessLog) reopen(cfg config.Log) error {
	f, err := openAccessFile(cfg)
	if err != nil {
		return err
	}
	return l.use(cfg, f)
}

// use continues the log in an open file.
func (l *accessLog) use(cfg config.Log, f *os.File) error {
	old := l.file
	l.file = f
	switch {
	case f != nil:
		l.lines.SetWriter(f)
	case cfg.SwiftAccess:
		l.lines.SetWriter(l.stdout)
	default:
		l.lines.SetWriter(io.Discard)
	}
	if old == nil {
		return nil
	}
	return old.Close()
}

func (l *accessLog) close() error {
	if l.file == nil {
		return nil
	}
	return l.file.Close()
}

// take writes Swift's access line of a request, and sends the figures of the
// request to the statsd. The first failure of the log is logged.
func (to *sinks) take(d httpfront.Done, logger *slog.Logger) {
	line, ok := d.Log.Line.(*proxylogging.AccessLine)
	if !ok {
		return
	}
	outcome := proxylogging.Outcome{
		Method: d.Method, Proto: d.Proto, RemoteAddr: d.RemoteAddr, TransID: d.TransID,
		Status: d.Status, BytesIn: d.BytesIn, BytesOut: d.BytesOut,
		Start: d.Start, Duration: d.Duration, Err: d.Err,
	}
	if to.lines != nil {
		if err := to.lines.Write(outcome, d.Log); err != nil {
			logger.Error("no more access lines are written", "error", err)
		}
	}
	if to.statsd != nil && line.Type != "" {
		to.statsd.Send(statsd.Request{
			Type: line.Type, Method: d.Method, Status: outcome.LoggedStatus(), Sent: d.Status,
			Policy: line.PolicyIndex, Bytes: d.BytesIn + d.BytesOut, Duration: d.Duration, FirstByte: d.FirstByte,
		})
	}
}

// figures returns the metric of the requests that the statsd will not see.
func (to *sinks) figures() []prometheus.Collector {
	if to.statsd == nil {
		return nil
	}
	return []prometheus.Collector{prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "needletail_statsd_dropped_total", Help: "Requests without figures for the statsd: too many waited.",
	}, func() float64 { return float64(to.statsd.Dropped()) })}
}

// run sends to the statsd until the caller calls stop, also after the end of ctx:
// the last requests count too.
func (to *sinks) run(ctx context.Context) (stop func()) {
	if to.statsd == nil {
		return func() {}
	}
	return inBackground(context.WithoutCancel(ctx), to.statsd.Run)
}
