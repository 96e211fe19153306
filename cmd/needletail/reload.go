// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"os/signal"
	"reflect"
	"sync/atomic"
	"syscall"

	"needletail/auth/tempauth"
	"needletail/cmd/needletail/config"
)

// takeSignals keeps signals from ending the process. SIGHUP is a reload.
// SIGPIPE means nothing: a log may be piped to a program that has ended.
// Further signals stay with the runtime of Go: SIGUSR1 and SIGUSR2 mean
// nothing, and SIGQUIT prints all stacks and ends the process.
func takeSignals() (hangups <-chan os.Signal) {
	signal.Ignore(syscall.SIGPIPE)
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGHUP)
	return c
}

// liveLog is the part of a log that a reload changes.
type liveLog struct {
	level  slog.LevelVar
	access atomic.Bool
}

func (l *liveLog) set(level slog.Level, access bool) {
	l.level.Set(level)
	l.access.Store(access)
}

// accessOn reports whether requests are logged.
func (s *settings) accessOn() bool {
	if s.live != nil {
		return s.live.access.Load()
	}
	return s.Log.Access
}

// reloader reloads the configuration at SIGHUP: the access log is opened anew,
// and log.level, log.access, log.swift_access_file, tempauth.users and the
// certificates are read again. A configuration with a mistake changes nothing, and the log says why.
// The log also says if further keys have changed: they count from the next
// start on.
type reloader struct {
	load    func() (settings, error)
	started settings
	hangups <-chan os.Signal
}

// run reloads at each SIGHUP until the caller calls stop.
func (r *reloader) run(ctx context.Context, logger *slog.Logger, ports *ports, access *accessLog, users *tempauth.Auth) (stop func()) {
	return inBackground(ctx, func(ctx context.Context) {
		for {
			select {
			case <-r.hangups:
				r.reload(ctx, logger, ports, access, users)
			case <-ctx.Done():
				return
			}
		}
	})
}

func (r *reloader) reload(ctx context.Context, logger *slog.Logger, ports *ports, access *accessLog, users *tempauth.Auth) {
	cfg, err := r.load()
	if err == nil {
		err = r.take(ctx, cfg, users)
	}
	if err != nil {
		logger.Error("the configuration was not read again: the one before counts", "err", err)
		cfg = r.started
	}
	if err := access.reopen(cfg.Log.SwiftAccessFile); err != nil {
		logger.Error("the access log was not opened again", "err", err)
	} else {
		r.started.Log.SwiftAccessFile = cfg.Log.SwiftAccessFile
	}
	ports.reload(logger)
	logger.Info("reloaded")
	if !reflect.DeepEqual(r.rest(cfg), r.rest(r.started)) {
		logger.Warn("more was changed in the configuration, which counts from the next start on")
	}
}

// take applies a valid configuration, all of it or nothing.
func (r *reloader) take(ctx context.Context, cfg settings, users *tempauth.Auth) error {
	list, err := cfg.TempAuth.ParseUsers()
	var level slog.Level
	if err = errors.Join(err, level.UnmarshalText([]byte(cfg.Log.Level))); err != nil {
		return err
	}
	switch {
	case users != nil:
		err = users.SetUsers(ctx, list)
	case len(list) > 0:
		err = errors.New("the first TempAuth user takes a start")
	}
	if err != nil {
		return err
	}
	r.started.live.set(level, cfg.Log.Access)
	r.started.Log.Level, r.started.Log.Access, r.started.TempAuth.Users = cfg.Log.Level, cfg.Log.Access, cfg.TempAuth.Users
	return nil
}

// rest returns a configuration without the keys that a reload applies.
func (r *reloader) rest(s settings) config.Config {
	c := s.Config
	c.Log.Level, c.Log.Access, c.Log.SwiftAccessFile = "", false, ""
	c.TempAuth.Users = nil
	return c
}
