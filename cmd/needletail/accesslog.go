package main

import (
	"io"
	"log/slog"
	"os"

	"needletail/proxy/httpfront"
	"needletail/proxy/middleware/proxylogging"
)

// openAccessLog opens Swift's access log, which stdout is by default; nil if
// there is to be none. A file is appended to, so it may be cut while the server
// runs (copytruncate). close is never nil.
func openAccessLog(cfg LogConfig, stdout io.Writer) (lines *proxylogging.Log, close func() error, err error) {
	nothing := func() error { return nil }
	switch {
	case !cfg.SwiftAccess:
		return nil, nothing, nil
	case cfg.SwiftAccessFile == "":
		return proxylogging.NewLog(stdout), nothing, nil
	}
	f, err := os.OpenFile(cfg.SwiftAccessFile, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, nothing, err
	}
	return proxylogging.NewLog(f), f.Close, nil
}

// writeAccessLine is Swift's line of one request.
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
