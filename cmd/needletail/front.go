// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"maps"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"needletail/auth"
	"needletail/auth/acl"
	"needletail/auth/signing"
	"needletail/auth/tempauth"
	"needletail/cmd/needletail/config"
	"needletail/proxy"
	"needletail/proxy/glance"
	"needletail/proxy/glance/webdownload"
	"needletail/proxy/httpfront"
	"needletail/proxy/keystone"
	"needletail/proxy/metrics"
	"needletail/proxy/statsd"
	"needletail/proxy/swift"
	"needletail/proxy/swift/controllers"
	"needletail/proxy/swift/feature"
	"needletail/proxy/swift/middleware/containersync"
	"needletail/proxy/swift/middleware/keystoneauth"
	"needletail/proxy/swift/middleware/proxylogging"
	tempauthfilter "needletail/proxy/swift/middleware/tempauth"
	"needletail/proxy/swift/pipeline"
	"needletail/proxy/web"
)

// sinks take the requests that were answered, beside the metrics. The zero value
// takes nothing.
type sinks struct {
	lines  *proxylogging.Log // Swift's access lines
	statsd *statsd.Client
}

// front is the server of the ports, with the parts that stay when a reload
// changes the settings.
type front struct {
	*httpfront.Server
	st       *storage
	logger   *slog.Logger
	to       sinks
	counters *metrics.Metrics
	failures *failureLog
	refusals *refusalLog
}

// newFront wires every service to the one port. more are metrics.
func newFront(cfg settings, st *storage, logger *slog.Logger, to sinks, more ...prometheus.Collector) (f *front, err error) {
	if st.users, err = cfg.TempAuth.Open(st.objects.tokens()); err != nil {
		return nil, err
	}
	figures := append(st.objects.figures(), more...)
	if st.keystone != nil {
		figures = append(figures, st.keystone.Collectors()...)
	}
	requests, heads := cfg.budget.accounts()
	figures = append(figures, processFigures()...)
	figures = append(figures, memoryFigures(requests, heads)...)
	f = &front{st: st, logger: logger, to: to, failures: newFailureLog(logger), refusals: cmp.Or(cfg.refusals, newRefusalLog(logger))}
	serving := func() *httpfront.Server { return f.Server }
	figures = append(figures, connectionFigures(serving)...)
	figures = append(figures, refusalFigures(serving, cfg.guard, st, requests, heads)...)
	f.counters = metrics.New(figures...)
	images, err := newGlance(cfg, st, logger)
	if err != nil {
		return nil, err
	}
	st.images = images
	options, err := f.options(cfg, st.users, images)
	if err != nil {
		return nil, err
	}
	options.Memory, options.Heads = requests, heads
	f.Server = httpfront.New(options)
	return f, nil
}

// options returns the settings of the server. The handler is built anew, over
// the same storage. images may be nil.
func (f *front) options(cfg settings, users *tempauth.Auth, images glance.Handler) (httpfront.Options, error) {
	swiftAPI, err := newSwift(cfg, f.st, users, f.logger)
	if err != nil {
		return httpfront.Options{}, err
	}
	proxies, err := cfg.Front.Proxies()
	if err != nil {
		return httpfront.Options{}, err
	}
	mount := &proxy.Mount{
		Swift:     swiftAPI,
		Keystone:  newKeystone(cfg, f.st),
		Glance:    notServed(),
		Metrics:   f.counters,
		SwiftHost: cfg.SwiftHosts(),
		PublicURL: cfg.LinkURL(),
	}
	if images != nil {
		mount.Glance = images
	}
	return httpfront.Options{
		Handler:             f.st.objects.serving(mount),
		OnDone:              f.observe(cfg.Log),
		HeaderTimeout:       time.Duration(cfg.Timeouts.Header),
		BodyIdleTimeout:     time.Duration(cfg.Timeouts.BodyIdle),
		WriteIdleTimeout:    time.Duration(cfg.Timeouts.Write),
		IdleTimeout:         time.Duration(cfg.Timeouts.Idle),
		MaxHeaderBytes:      cfg.Limits.MaxHeaderBytes,
		MaxRequestLineBytes: cfg.Limits.MaxRequestLineLength,
		MaxConnections:      cmp.Or(cfg.budget.connections, cfg.Limits.MaxConnections),
		MaxConnectionsPerIP: cfg.Limits.MaxConnectionsPerIP,
		TrustedProxies:      proxies,
		Logger:              f.logger,

		MaxRequestsPerSecondPerIP: cfg.Limits.MaxRequestsPerSecondPerIP,
		OnRefuse:                  func(why httpfront.Refusal, client string) { f.refusals.add(why.String(), client) },
	}, nil
}

// newKeystone returns the Identity API. With an external Keystone, or without
// identities, the API is not served.
func newKeystone(cfg settings, st *storage) web.Handler {
	if st.keystone != nil || st.identity == nil {
		return notServed()
	}
	return keystone.New(keystone.Config{Service: st.identity, PublicURL: cfg.ServiceURL("/identity"), ListLimit: cfg.Identity.ListLimit})
}

// newGlance returns the Image API, or nil without an account for images.
func newGlance(cfg settings, st *storage, logger *slog.Logger) (glance.Handler, error) {
	account, err := st.serviceAccount(cfg)
	if err != nil || account == "" {
		return nil, err
	}
	options, err := st.glanceOptions(cfg)
	if err != nil {
		return nil, err
	}
	options.Store, options.ServiceAccount, options.Logger = st.store, account, logger
	return glance.New(options)
}

// glanceOptions returns the settings of the Image API that a reload changes.
func (s *storage) glanceOptions(cfg settings) (glance.Config, error) {
	filter, err := cfg.Glance.Import.Filter()
	return glance.Config{
		Validator:     s.validator(),
		PublicURL:     cfg.ServiceURL("/image"),
		KeystoneURL:   cfg.KeystoneURL(),
		MaxImageBytes: cfg.Limits.MaxImageSizeBytes,
		ImportMethods: cfg.Glance.EnabledImportMethods,
		Fetcher:       webdownload.New(filter),
		Limit:         s.imageLimit(cfg),
		AnyFormat:     !cfg.Glance.RequireImageFormatMatch,
		AnyPartitions: cfg.Glance.AnyPartitions(),

		ServiceTokenRoles:         cfg.Keystone.ServiceTokenRoles,
		ServiceTokenRolesRequired: cfg.Keystone.RolesRequired,

		ShowMultipleLocations: cfg.Glance.ShowMultipleLocations,
		ShowImageDirectURL:    cfg.Glance.ShowImageDirectURL,
		SwiftReference:        cfg.Glance.DefaultSwiftReference,
	}, err
}

// newSwift builds Swift's pipeline over the store.
func newSwift(cfg settings, st *storage, users *tempauth.Auth, logger *slog.Logger) (web.Handler, error) {
	digests, err := signing.ParseDigests(cfg.Swift.AllowedDigests)
	if err != nil {
		return nil, err
	}
	realms, err := cfg.kind().realms()
	if err != nil {
		return nil, err
	}
	store, checkSyncTo := st.store, (func(string) error)(nil)
	if realms != nil {
		store, checkSyncTo = st.objects.syncStore(), realms.CheckSyncTo
	}
	policies, limits := cfg.kind().policies(), cfg.kind().limits()
	pipe := pipeline.Config{
		Site: feature.Site{
			Store:    store,
			Policies: policies,
			Limits:   limits,
			Log:      logger,
			Digests:  digests,
			OwnHosts: cfg.OwnHosts(),
			Ready:    st.ready,
		},
		Options: cfg.features(realms, users, st.validator()),
	}
	pipe.Controllers = controllers.New(controllers.Config{
		Store:    store,
		Policies: policies,
		Limits:   limits,
		Version:  version,
		Info:     pipeline.InfoSections(pipe),
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
	api, err := pipeline.New(pipe)
	if err != nil {
		return nil, err
	}
	return swift.Door(api), nil
}

// features returns the options of all features: the options in the file, and
// the options that the rest of the server provides.
func (s *settings) features(realms *containersync.Realms, users *tempauth.Auth, validator auth.TokenValidator) feature.Set {
	set := maps.Clone(s.Filters)
	set.Put(&proxylogging.Feature, &proxylogging.Options{Enabled: s.Log.SwiftAccess || s.Statsd.On()})
	set.Put(&containersync.Feature, &containersync.Options{Realms: realms})
	set.Put(&tempauthfilter.Feature, &tempauthfilter.Options{Auth: users, StorageURLScheme: s.TempAuth.StorageURLScheme, Guard: s.guard})
	keystone := s.KeystoneFilter(validator)
	if users != nil {
		keystone.PublicPrefixes = users.ResellerPrefixes()
	}
	set.Put(&keystoneauth.Feature, &keystone)
	return set
}

// observe returns the function that counts each request and logs the request if
// log.access is on. No query and no header with a whole secret reaches the log.
func (f *front) observe(cfg config.Log) func(httpfront.Done) {
	logger, to := f.logger, f.to
	if !cfg.SwiftAccess {
		to.lines = nil
	}
	return func(d httpfront.Done) {
		to.take(d, logger)
		service := cmp.Or(d.Log.Service, proxy.ServiceFront)
		f.counters.Observe(metrics.Request{
			Service: service, Method: d.Method, Status: d.Status,
			BytesIn: d.BytesIn, BytesOut: d.BytesOut, Duration: d.Duration, TransID: d.TransID,
		})
		if err := d.Failure(); err != nil {
			f.failures.add(d, service, err)
		}
		// Of a client above its rate OnRefuse has told; a line for each request
		// would help the flood.
		if !cfg.Access || errors.Is(d.Err, httpfront.ErrTooManyRequests) || !logger.Enabled(context.Background(), slog.LevelInfo) {
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

// notServed stands where a service is not served.
func notServed() web.Handler {
	return web.HandlerFunc(func(*web.Request) (*web.Response, error) { return nil, web.Status(404) })
}
