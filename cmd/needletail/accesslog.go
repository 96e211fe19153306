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
	l := &accessLog{stdout: stdout}
	if !cfg.SwiftAccess {
		return l, nil
	}
	l.lines = proxylogging.NewLog(stdout)
	return l, l.reopen(cfg.SwiftAccessFile)
}

// accessLog is the file of Swift's access lines. Lines may be written from
// several goroutines; the methods are not safe for concurrent use.
type accessLog struct {
	lines  *proxylogging.Log // nil: none are written
	stdout io.Writer
	file   *os.File // nil: stdout
}

// reopen continues the log in the file at path; "" means stdout. If the file
// cannot be opened, the log stays in the old file.
func (l *accessLog) reopen(path string) error {
	if l.lines == nil {
		return nil
	}
	old := l.file
	if path == "" {
		l.file = nil
		l.lines.SetWriter(l.stdout)
	} else {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
		if err != nil {
			return err
		}
		l.file = f
		l.lines.SetWriter(f)
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
