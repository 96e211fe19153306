package main

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"needletail/auth/acl"
	"needletail/auth/signing"
	"needletail/auth/tempauth"
	"needletail/objstore"
	"needletail/proxy"
	"needletail/proxy/glance"
	"needletail/proxy/glance/webdownload"
	"needletail/proxy/httpfront"
	"needletail/proxy/keystone"
	"needletail/proxy/metrics"
	"needletail/proxy/swift"
	"needletail/proxy/swift/controllers"
	"needletail/proxy/swift/middleware/containersync"
	"needletail/proxy/swift/middleware/proxylogging"
	"needletail/proxy/swift/pipeline"
	"needletail/proxy/web"
)

// newFront wires every service to the one port. lines gets Swift's access
// lines; nil writes none.
func newFront(cfg Config, st *storage, logger *slog.Logger, lines *proxylogging.Log) (*httpfront.Server, error) {
	swiftAPI, err := newSwift(cfg, st, logger)
	if err != nil {
		return nil, err
	}
	images, err := newGlance(cfg, st, logger)
	if err != nil {
		return nil, err
	}
	figures := []prometheus.Collector{newEngineCollector(st.engine)}
	identityAPI := keystone.New(keystone.Config{Service: st.identity, PublicURL: cfg.serviceURL("/identity"), ListLimit: cfg.Identity.ListLimit})
	if st.keystone != nil {
		figures = append(figures, st.keystone.Collectors()...)
		identityAPI = notServed()
	}
	requests, heads := cfg.budget.accounts()
	figures = append(figures, memoryFigures(requests, heads)...)
	var server *httpfront.Server
	figures = append(figures, connectionFigures(func() *httpfront.Server { return server })...)
	counters := metrics.New(figures...)
	server = httpfront.New(httpfront.Options{
		Handler: &proxy.Mount{
			Swift:     swiftAPI,
			Keystone:  identityAPI,
			Glance:    images,
			Metrics:   counters,
			SwiftHost: cfg.swiftHosts(),
			PublicURL: cfg.linkURL,
		},
		OnDone:              observe(cfg, counters, logger, lines),
		HeaderTimeout:       time.Duration(cfg.Timeouts.Header),
		BodyIdleTimeout:     time.Duration(cfg.Timeouts.BodyIdle),
		WriteIdleTimeout:    time.Duration(cfg.Timeouts.Write),
		IdleTimeout:         time.Duration(cfg.Timeouts.Idle),
		MaxHeaderBytes:      cfg.Limits.MaxHeaderBytes,
		MaxRequestLineBytes: cfg.Limits.MaxRequestLineLength,
		MaxConnections:      cmp.Or(cfg.budget.connections, cfg.Limits.MaxConnections),
		MaxConnectionsPerIP: cfg.Limits.MaxConnectionsPerIP,
		Memory:              requests,
		Heads:               heads,
		Logger:              logger,
	})
	return server, nil
}

// newGlance builds the Image API, if it has an account to keep images in.
func newGlance(cfg Config, st *storage, logger *slog.Logger) (web.Handler, error) {
	account, err := st.serviceAccount(cfg)
	if err != nil {
		return nil, err
	}
	if account == "" {
		return notServed(), nil
	}
	filter, err := cfg.Glance.Import.filter()
	if err != nil {
		return nil, err
	}
	images, err := glance.New(glance.Config{
		Store:          st.store,
		Validator:      st.validator(),
		ServiceAccount: account,
		PublicURL:      cfg.serviceURL("/image"),
		KeystoneURL:    cfg.keystoneURL(),
		MaxImageBytes:  cfg.Limits.MaxImageSizeBytes,
		ImportMethods:  cfg.Glance.EnabledImportMethods,
		Fetcher:        webdownload.New(filter),
		Limit:          st.imageLimit(cfg),
		AnyFormat:      !cfg.Glance.RequireImageFormatMatch,
		AnyPartitions:  slices.Contains(cfg.Glance.GPTChecksNonfatal, partitionCheck),

		ServiceTokenRoles:         cfg.Keystone.ServiceTokenRoles,
		ServiceTokenRolesRequired: cfg.Keystone.RolesRequired,

		ShowMultipleLocations: cfg.Glance.ShowMultipleLocations,
		ShowImageDirectURL:    cfg.Glance.ShowImageDirectURL,
		SwiftReference:        cfg.Glance.DefaultSwiftReference,

		Logger: logger,
	})
	if err != nil {
		return nil, err
	}
	st.images = images
	return images, nil
}

// newSwift builds Swift's pipeline over the store.
func newSwift(cfg Config, st *storage, logger *slog.Logger) (web.Handler, error) {
	users, err := newTempAuth(cfg)
	if err != nil {
		return nil, err
	}
	st.users = users
	digests, err := signing.ParseDigests(cfg.Swift.AllowedDigests)
	if err != nil {
		return nil, err
	}
	realms, err := cfg.ContainerSync.realms()
	if err != nil {
		return nil, err
	}
	store, checkSyncTo := objstore.Store(st.store), (func(string) error)(nil)
	if realms != nil {
		store, checkSyncTo = containersync.Record(store), realms.CheckSyncTo
	}
	limits := swift.DefaultLimits()
	limits.FileBytes = cfg.Limits.MaxFileSizeBytes
	config := pipeline.Config{
		Store:    store,
		Policies: cfg.policies(),
		Limits:   limits,
		Log:      logger,
		TempAuth: users,
		Digests:  digests,

		ContainerSync:    realms,
		SwiftAccess:      cfg.Log.SwiftAccess,
		StorageURLScheme: cfg.TempAuth.StorageURLScheme,
		Keystone:         cfg.keystoneAuth(st.validator()),
	}
	cfg.Filters.addTo(&config)
	if err := cfg.addCNAMELookup(&config); err != nil {
		return nil, err
	}
	config.Controllers = controllers.New(controllers.Config{
		Store:    store,
		Policies: cfg.policies(),
		Limits:   limits,
		Version:  version,
		Info:     pipeline.InfoSections(config),
		CleanACL: acl.Clean,

		CheckSyncTo:            checkSyncTo,
		AccountAutocreate:      cfg.Swift.AccountAutocreate,
		AllowAccountManagement: cfg.Swift.AllowAccountManagement,
		AllowOpenExpired:       cfg.Swift.AllowOpenExpired,
		FullDiskStatus:         cfg.Swift.FullDiskStatus,
		LooseCORS:              !cfg.Swift.StrictCORSMode,
		CORSAllowOrigin:        cfg.Swift.CORSAllowOrigin,
		CORSExposeHeaders:      cfg.Swift.CORSExposeHeaders,
	})
	return swift.Door(pipeline.New(config)), nil
}

// newTempAuth is nil if no user is configured: there is no default one.
func newTempAuth(cfg Config) (*tempauth.Auth, error) {
	if len(cfg.TempAuth.Users) == 0 {
		return nil, nil
	}
	users, err := cfg.TempAuth.users()
	if err != nil {
		return nil, err
	}
	a, err := tempauth.New(tempauth.Config{
		Users:            users,
		ResellerPrefixes: cfg.TempAuth.ResellerPrefixes,
		RequireGroup:     cfg.TempAuth.RequireGroup,
		TokenLife:        time.Duration(cfg.TempAuth.TokenLife),
	})
	if err != nil {
		return nil, fmt.Errorf("%w: tempauth: %w", errUsage, err)
	}
	return a, nil
}

// observe counts each request and, if so configured, logs it. None sees a
// query or a header that holds a whole secret.
func observe(cfg Config, counters *metrics.Metrics, logger *slog.Logger, lines *proxylogging.Log) func(httpfront.Done) {
	failures := newFailureLog(logger)
	return func(d httpfront.Done) {
		if lines != nil {
			writeAccessLine(lines, d, logger)
		}
		service := proxy.ServiceOf(web.Unquote(d.RawPath))
		counters.Observe(metrics.Request{
			Service: service, Method: d.Method, Status: d.Status,
			BytesIn: d.BytesIn, BytesOut: d.BytesOut, Duration: d.Duration,
		})
		if err := d.Failure(); err != nil {
			failures.add(d, service, err)
		}
		if !cfg.Log.accessOn() || !logger.Enabled(context.Background(), slog.LevelInfo) {
			return
		}
		attrs := []slog.Attr{
			slog.String("remote", d.RemoteAddr), slog.String("method", d.Method), slog.String("path", d.RawPath),
			slog.Int("status", d.Status), slog.Int64("in", d.BytesIn), slog.Int64("out", d.BytesOut),
			slog.Float64("seconds", d.Duration.Seconds()), slog.String("service", service),
			slog.String("trans_id", d.TransID), slog.String("agent", d.UserAgent),
		}
		if d.Log.User != "" {
			attrs = append(attrs, slog.String("user", d.Log.User))
		}
		if d.Err != nil {
			attrs = append(attrs, slog.Any("error", d.Err))
		}
		logger.LogAttrs(context.Background(), slog.LevelInfo, "request", attrs...)
	}
}
