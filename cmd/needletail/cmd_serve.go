// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"runtime/pprof"
	"syscall"
	"time"

	"github.com/spf13/cobra"
)

func newServeCommand() *cobra.Command {
	var path, data, listen, publicURL, profile string
	var users []string
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the server until SIGTERM or SIGINT",
		Args:  cobra.NoArgs,
	}
	cmd.Flags().StringVar(&path, "config", "", "TOML `FILE`; an unknown key is an error")
	cmd.Flags().StringVar(&data, "data", "", "`DIR` that holds everything (default ./data)")
	cmd.Flags().StringVar(&listen, "listen", "", "`HOST:PORT` of the one port (default 127.0.0.1:8080)")
	cmd.Flags().StringVar(&publicURL, "public-url", "", "`URL` under which clients reach the server")
	cmd.Flags().StringArrayVar(&users, "tempauth-user", nil, "`ACCOUNT:USER=KEY[,GROUP…]`, repeatable")
	cmd.Flags().StringVar(&profile, "cpu-profile", "", "write a CPU profile to `FILE` until the server stops")
	load := func() (settings, error) {
		cfg, err := loadSettings(path)
		if err != nil {
			return cfg, err
		}
		for _, f := range []struct {
			name        string
			to, changed *string
		}{{"data", &cfg.Data, &data}, {"listen", &cfg.Listen, &listen}, {"public-url", &cfg.PublicURL, &publicURL}} {
			if cmd.Flags().Changed(f.name) {
				*f.to = *f.changed
			}
		}
		cfg.TempAuth.Users = append(cfg.TempAuth.Users, users...)
		return cfg, errors.Join(cfg.Validate(), resolve(&cfg.Config))
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		hangups := takeSignals()
		cfg, err := load()
		if err != nil {
			return err
		}
		cfg.live = new(liveLog)
		r := &reloader{load: load, file: cfg.Config, hangups: hangups}
		tuneCollector()
		tuneScheduler()
		stopProfile, err := startProfile(profile)
		if err != nil {
			return err
		}
		defer stopProfile()
		ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGTERM, syscall.SIGINT)
		defer stop()
		return serve(ctx, cfg, r, cmd.OutOrStdout(), cmd.ErrOrStderr())
	}
	return cmd
}

// gcPercent lets the heap grow to five times the live size between two
// collections. The live heap is small: pooled buffers and a few MB of state. At
// Go's default of 100, collections took 15 % of the processor of 4 KiB GETs.
// With 100 a GB took 13 to 15 s of processor and the process 32 MB of RSS; with
// 400 they were 11 to 13 s and 45 MB. 64 uploads of 256 MiB at the same time
// took 180 MB of RSS with 100 and with 400. GOGC overrides the constant.
const gcPercent = 400

func tuneCollector() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
}

// startProfile writes a CPU profile to a file until the caller calls stop. With
// path "" nothing is written.
func startProfile(path string) (stop func(), err error) {
	if path == "" {
		return func() {}, nil
	}
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() {
		pprof.StopCPUProfile()
		_ = f.Close()
	}, nil
}

// serve opens the store, listens, and answers until ctx ends. Then serve drains
// requests and closes everything in the reverse order. Meanwhile r reloads the
// configuration at SIGHUP.
func serve(ctx context.Context, cfg settings, r *reloader, out, logOut io.Writer) (err error) {
	logger, err := newLogger(cfg.Log, cfg.live, logOut)
	if err != nil {
		return err
	}
	if err := cfg.prepare(logger); err != nil {
		return err
	}
	ports, err := openPorts(&cfg.Config)
	if err != nil {
		return err
	}
	defer ports.close()
	st, err := openStorage(cfg, logger)
	if err != nil {
		return err
	}
	deadline := time.Now().Add(time.Duration(cfg.Timeouts.Shutdown))
	defer func() { err = errors.Join(err, closeBy(deadline, st.close)) }()
	if err := ports.listen(&cfg.Config); err != nil {
		return err
	}
	stopControl, err := st.objects.serveControl(logger)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stopControl()) }()
	cfg.SettlePublicURL(ports.main.Addr())
	if err := st.bootstrap(ctx, cfg); err != nil {
		return err
	}
	access, err := openAccessLog(cfg.Log, out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, access.close()) }()
	to := sinks{access.lines, cfg.Statsd.Client(logger)}
	front, err := newFront(cfg, st, logger, to, append(ports.figures(), to.figures()...)...)
	if err != nil {
		return err
	}
	defer to.run(ctx)()
	now := &running{settings: cfg, logger: logger, ports: ports, access: access, front: front}
	stopReloads := r.run(ctx, now)
	defer stopReloads()
	defer inBackground(ctx, func(ctx context.Context) { ports.watch(ctx, logger) })()
	syncer, err := st.objects.syncWorker(logger)
	if err != nil {
		return err
	}
	if syncer != nil {
		defer inBackground(ctx, syncer.Run)()
	}
	served := make(chan error, 1)
	go func() { served <- ports.serve(front.Server) }()
	printWelcome(out, cfg, ports.main.Addr())
	select {
	case err := <-served:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	st.stopping.Store(true)
	stopReloads() // the settings do not change any more
	deadline = now.drain(context.WithoutCancel(ctx))
	return nil
}

// prepare reads the swift_dir and divides memory and files. It makes what
// refuses clients.
func (s *settings) prepare(logger *slog.Logger) (err error) {
	if err := s.openSwiftDir(logger); err != nil {
		return err
	}
	if s.budget, err = newBudget(s); err != nil {
		return err
	}
	s.budget.apply(s, logger)
	s.refusals = newRefusalLog(logger)
	s.guard, err = newGuard(s, s.refusals)
	return err
}

// drain lets the requests in flight end within timeouts.shutdown. deadline is the
// end of that time.
func (now *running) drain(ctx context.Context) (deadline time.Time) {
	patience := time.Duration(now.settings.Timeouts.Shutdown)
	now.logger.Info("stopping", "grace", patience)
	deadline = time.Now().Add(patience)
	grace, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := now.front.Shutdown(grace); err != nil {
		now.logger.Warn("requests were still in flight", "error", err)
	}
	return deadline
}

// printWelcome prints the address of the server and the commands of a first
// upload.
func printWelcome(out io.Writer, cfg settings, addr net.Addr) {
	if cfg.Keystone.External() {
		fmt.Fprintf(out, "needletail %s listening on %s://%s\nTokens are those of %s\n", version, cfg.Scheme(), addr, cfg.Keystone.AuthURL)
		return
	}
	if cfg.Cluster.On() && !cfg.Cluster.BuiltinKeystone {
		fmt.Fprintf(out, "needletail %s listening on %s://%s\nThe objects are those of the cluster of %s\n", version, cfg.Scheme(), addr, cfg.Cluster.SwiftDir)
		return
	}
	openrc := filepath.Join(cfg.Data, openrcName)
	if abs, err := filepath.Abs(openrc); err == nil {
		openrc = abs
	}
	fmt.Fprintf(out, "needletail %s listening on %s://%s\n", version, cfg.Scheme(), addr)
	fmt.Fprintf(out, "Upload a first file:\n  . %s\n  swift upload first README.md\n", openrc)
}

// ensureDataFolder creates the data folder for this user alone.
func ensureDataFolder(dir string) error {
	if exists(dir) {
		return nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return syncDir(filepath.Dir(filepath.Clean(dir)))
}
