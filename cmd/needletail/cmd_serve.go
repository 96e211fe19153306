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

	"needletail/cmd/needletail/config"
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
		return cfg, errors.Join(cfg.Validate(), resolveListen(cfg.Listen))
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		hangups := takeSignals()
		cfg, err := load()
		if err != nil {
			return err
		}
		cfg.live = new(liveLog)
		r := &reloader{load: load, started: cfg, hangups: hangups}
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

// gcPercent lets the heap grow to five times its live size between two
// collections: the live heap is small (pooled buffers, a few MB of state), and
// at Go's default of 100 collections took 15 % of the processor of 4 KiB GETs
// (13 to 15 s/GB, 11 to 13 with 400; 32 MB and 45 MB of RSS). 64 uploads of 256
// MiB at once took 180 MB of RSS with either. GOGC overrides it.
const gcPercent = 400

func tuneCollector() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
}

// startProfile profiles the process into a file until the function that it
// gives is called; path "" does nothing.
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

// serve opens the store, listens, answers until ctx ends, then drains and
// closes in the reverse order. Meanwhile r takes in what changes.
func serve(ctx context.Context, cfg settings, r *reloader, out, logOut io.Writer) (err error) {
	logger, err := newLogger(cfg.Log, cfg.live, logOut)
	if err != nil {
		return err
	}
	if cfg.budget, err = newBudget(&cfg); err != nil {
		return err
	}
	cfg.budget.apply(&cfg, logger)
	st, err := openStorage(cfg, logger)
	if err != nil {
		return err
	}
	deadline := time.Now().Add(time.Duration(cfg.Timeouts.Shutdown))
	defer func() { err = errors.Join(err, closeBy(deadline, st.close)) }()
	ln, err := net.Listen("tcp", cfg.Listen)
	if err != nil {
		return err
	}
	defer ln.Close()
	stopControl, err := serveControl(cfg.Data, st.engine, logger)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stopControl()) }()
	cfg.SettlePublicURL(ln.Addr())
	if err := st.bootstrap(ctx, cfg); err != nil {
		return err
	}
	access, err := openAccessLog(cfg.Log, out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, access.close()) }()
	front, err := newFront(cfg, st, logger, access.lines)
	if err != nil {
		return err
	}
	defer r.run(ctx, logger, access, st.users)()
	syncer, err := cfg.ContainerSync.Worker(st.store, logger)
	if err != nil {
		return err
	}
	defer inBackground(ctx, syncer)()
	served := make(chan error, 1)
	go func() { served <- front.Serve(ln) }()
	printWelcome(out, cfg, ln.Addr())
	select {
	case err := <-served:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	logger.Info("stopping", "grace", time.Duration(cfg.Timeouts.Shutdown))
	deadline = time.Now().Add(time.Duration(cfg.Timeouts.Shutdown))
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Duration(cfg.Timeouts.Shutdown))
	defer cancel()
	if err := front.Shutdown(grace); err != nil {
		logger.Warn("requests were still in flight", "error", err)
	}
	return nil
}

// printWelcome says where the server is and what to paste to use it.
func printWelcome(out io.Writer, cfg settings, addr net.Addr) {
	if cfg.Keystone.External() {
		fmt.Fprintf(out, "needletail %s listening on http://%s\nTokens are those of %s\n", version, addr, cfg.Keystone.AuthURL)
		return
	}
	openrc := filepath.Join(cfg.Data, openrcName)
	if abs, err := filepath.Abs(openrc); err == nil {
		openrc = abs
	}
	fmt.Fprintf(out, "needletail %s listening on http://%s\n", version, addr)
	fmt.Fprintf(out, "Upload a first file:\n  . %s\n  swift upload first README.md\n", openrc)
}

func newLogger(cfg config.Log, live *liveLog, out io.Writer) (*slog.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(cfg.Level)); err != nil {
		return nil, fmt.Errorf("%w: configuration: log.level: %w", errUsage, err)
	}
	options := &slog.HandlerOptions{Level: level, ReplaceAttr: plainError}
	if live != nil {
		live.set(level, cfg.Access)
		options.Level = &live.level
	}
	switch cfg.Format {
	case "text":
		return slog.New(slog.NewTextHandler(out, options)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(out, options)), nil
	}
	return nil, fmt.Errorf("%w: configuration: log.format %q is neither text nor json", errUsage, cfg.Format)
}

// plainError shows an error as its message: the text handler would print the
// stack that errors of Pebble carry.
func plainError(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() != slog.KindAny {
		return a
	}
	if err, ok := a.Value.Any().(error); ok {
		a.Value = slog.StringValue(err.Error())
	}
	return a
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
