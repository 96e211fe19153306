// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"log/slog"
	"os"

	"needletail/cmd/needletail/config"
	"needletail/proxy/httpfront"
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

// writeAccessLine writes Swift's access line of one request. The first failure
// is logged.
func writeAccessLine(lines *proxylogging.Log, d httpfront.Done, logger *slog.Logger) {
	err := lines.Write(proxylogging.Outcome{
		Method: d.Method, Proto: d.Proto, RemoteAddr: d.RemoteAddr, TransID: d.TransID,
		Status: d.Status, BytesIn: d.BytesIn, BytesOut: d.BytesOut,
		Start: d.Start, Duration: d.Duration, Err: d.Err,
	}, d.Log)
	if err != nil {
		logger.Error("no more access lines are written", "error", err)
	}
}
