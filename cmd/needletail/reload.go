// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"reflect"
	"strings"
	"syscall"

	"needletail/auth/tempauth"
	"needletail/cmd/needletail/config"
	"needletail/proxy/certificates"
	"needletail/proxy/glance"
	"needletail/proxy/httpfront"
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

// reloader reads the configuration again at SIGHUP. The options with the tag
// reload are taken, all of them or nothing: whatever can fail comes before the
// first change. The log names the options that take a restart. The access log
// is opened anew and the certificates are read again in any case, so that files
// can be rotated while the configuration has a mistake.
type reloader struct {
	load func() (settings, error)
	// file is the configuration of the server as a file would have it: without
	// what the server added at the start.
	file    config.Config
	hangups <-chan os.Signal
}

// running is a running server, with the parts that a reload changes.
type running struct {
	settings settings
	logger   *slog.Logger
	ports    *ports
	access   *accessLog
	front    *front
}

// run reloads at each SIGHUP until the caller calls stop.
func (r *reloader) run(ctx context.Context, now *running) (stop func()) {
	return inBackground(ctx, func(ctx context.Context) {
		for {
			select {
			case <-r.hangups:
				r.reload(ctx, now)
			case <-ctx.Done():
				return
			}
		}
	})
}

func (r *reloader) reload(ctx context.Context, now *running) {
	restart, err := r.take(ctx, now)
	if err != nil {
		now.logger.Error("the configuration was not read again: the one before counts", "err", err)
		if err := now.access.reopen(now.settings.Log); err != nil {
			now.logger.Error("the access log was not opened again", "err", err)
		}
	}
	now.ports.reload(now.logger)
	if err != nil {
		return
	}
	now.logger.Info("reloaded")
	if len(restart) > 0 {
		now.logger.Warn("restart to change: " + strings.Join(restart, ", "))
	}
}

// take reads the configuration and applies all of it that needs no restart, or
// nothing. restart names the changed options that need a restart.
func (r *reloader) take(ctx context.Context, now *running) (restart []string, err error) {
	next, err := r.load()
	if err != nil {
		return nil, err
	}
	taken, restart := r.file.Take(&next.Config)
	c, err := now.prepare(taken)
	if err != nil {
		return nil, err
	}
	if err := c.apply(ctx, now, !taken.Same(&r.file)); err != nil {
		return nil, err
	}
	r.file = taken
	return restart, nil
}

// change is all that a reload puts in place, ready to be used.
type change struct {
	settings settings
	log      logForm
	access   *os.File          // nil: there is no file
	tls      *certificates.Set // nil: the set stays
	users    *tempauth.Auth    // nil: there is no TempAuth
	list     []tempauth.User   // of users
	images   glance.Handler    // nil: the Image API is not served
	proxies  httpfront.Proxies
	options  httpfront.Options
}

// prepare builds what a configuration asks for. Nothing of the running server
// changes.
func (now *running) prepare(cfg config.Config) (c *change, err error) {
	c = &change{settings: now.settings}
	c.settings.Config = cfg
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("together with the options that take a restart: %w", err)
	}
	if err := c.settings.followSwiftConf(); err != nil {
		return nil, err
	}
	c.settings.SettlePublicURL(now.ports.address())
	if c.log, err = parseLog(cfg.Log); err != nil {
		return nil, err
	}
	if c.proxies, err = cfg.Front.Proxies(); err != nil {
		return nil, err
	}
	if !reflect.DeepEqual(cfg.TLS, now.settings.TLS) {
		if c.tls, err = cfg.TLS.Open(); err != nil {
			return nil, err
		}
	}
	if err := c.prepareServices(now.front); err != nil {
		return nil, err
	}
	if c.access, err = openAccessFile(cfg.Log); err != nil {
		return nil, fmt.Errorf("log.swift_access_file: %w", err)
	}
	return c, nil
}

// prepareServices builds the handler with its users and images.
func (c *change) prepareServices(f *front) (err error) {
	if c.list, err = c.settings.TempAuth.ParseUsers(); err != nil {
		return err
	}
	if c.users = f.st.users; c.users == nil || len(c.list) == 0 {
		if c.users, err = c.settings.TempAuth.Open(f.st.objects.tokens()); err != nil {
			return err
		}
	}
	if f.st.images != nil {
		options, err := f.st.glanceOptions(c.settings)
		if err != nil {
			return err
		}
		if c.images, err = f.st.images.With(options); err != nil {
			return err
		}
	}
	c.options, err = f.options(c.settings, c.users, c.images)
	return err
}

// apply puts the change in place. If no option has changed, the handler stays:
// the counts of its filters go on.
func (c *change) apply(ctx context.Context, now *running, changed bool) error {
	st := now.front.st
	err := st.objects.renamePolicies(c.settings.kind().policies())
	if err == nil && st.users != nil {
		err = st.users.SetUsers(ctx, c.list)
	}
	if err != nil {
		if c.access != nil {
			err = errors.Join(err, c.access.Close())
		}
		return err
	}
	if c.settings.live != nil {
		c.settings.live.set(c.log)
	}
	if c.tls != nil {
		now.ports.certificates.Replace(c.tls)
	}
	now.ports.proxies.Store(&c.proxies)
	if changed {
		now.front.Change(c.options)
	}
	st.users, st.images = c.users, c.images
	now.settings = c.settings
	if err := now.access.use(c.settings.Log, c.access); err != nil {
		now.logger.Warn("the access log before was not closed", "err", err)
	}
	return nil
}
