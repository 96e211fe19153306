// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"needletail/auth/tempauth"
	"needletail/objstore"
	"needletail/objstore/cluster"
	"needletail/objstore/cluster/infocache"
	"needletail/objstore/cluster/swiftconf"
	"needletail/proxy/swift"
	"needletail/proxy/swift/middleware/containersync"
	"needletail/proxy/web"
)

// clusterKind is a cluster of Swift's own servers. serve opens the swift_dir
// first (settings.openSwiftDir).
type clusterKind struct{ cfg *settings }

// openSwiftDir reads swift.conf and the rings, if the server is a proxy of a
// cluster, and refuses what contradicts the configuration. The limits of the
// configuration are those of swift.conf from then on.
func (s *settings) openSwiftDir(logger *slog.Logger) error {
	if !s.Cluster.On() {
		return nil
	}
	dir, err := swiftconf.Open(s.Cluster.SwiftDir, swiftconf.DirOptions{Broken: func(err error) {
		logger.Error("a ring that has changed cannot be used: the ring before counts", "err", err)
	}})
	if err != nil {
		return fmt.Errorf("%w: cluster.swift_dir: %w", errUsage, err)
	}
	s.dir = dir
	return s.followSwiftConf()
}

// followSwiftConf gives the configuration the limits of swift.conf, and refuses
// what contradicts swift.conf. Without a swift_dir nothing changes.
func (s *settings) followSwiftConf() error {
	if s.dir == nil {
		return nil
	}
	conf := s.dir.Config()
	if err := s.CheckSwiftConf(conf); err != nil {
		return err
	}
	s.Limits.MaxFileSizeBytes = conf.Constraints.MaxFileSize
	s.Limits.MaxRequestLineLength = conf.Constraints.MaxRequestLine
	return nil
}

func (k clusterKind) policies() objstore.Policies { return k.cfg.dir.Config().StorePolicies() }

func (k clusterKind) limits() swift.Limits {
	c := k.cfg.dir.Config().Constraints
	return swift.Limits{
		FileBytes:          c.MaxFileSize,
		MetaNameBytes:      c.MaxMetaNameLength,
		MetaValueBytes:     c.MaxMetaValueLength,
		MetaCount:          c.MaxMetaCount,
		MetaOverallBytes:   c.MaxMetaOverallSize,
		HeaderBytes:        c.MaxHeaderSize,
		RequestLineBytes:   c.MaxRequestLine,
		ExtraHeaders:       c.ExtraHeaderCount,
		AccountNameBytes:   c.MaxAccountNameLength,
		ContainerNameBytes: c.MaxContainerNameLength,
		ObjectNameBytes:    c.MaxObjectNameLength,
		AccountListing:     c.AccountListingLimit,
		ContainerListing:   c.ContainerListingLimit,
	}
}

func (k clusterKind) realms() (*containersync.Realms, error) { return k.cfg.ClusterRealms() }

// openHome opens the data folder of the built-in Keystone.
func (k clusterKind) openHome(logger *slog.Logger) (identityHome, error) {
	if !k.cfg.Cluster.BuiltinKeystone {
		return nil, fmt.Errorf("%w: configuration: cluster: without builtin_keystone the server has no users of its own", errUsage)
	}
	return openIdentityFolder(k.cfg.Data, logger)
}

func (k clusterKind) open(logger *slog.Logger) (objects, error) {
	options, err := k.cfg.Cluster.Options()
	if err != nil {
		return nil, err
	}
	keys, err := k.cfg.Cluster.Keymaster.Keys()
	if err != nil {
		return nil, err
	}
	p := &proxied{figure: newClusterFigures()}
	if p.cache, err = k.openCache(logger); err != nil {
		return nil, err
	}
	if k.cfg.Cluster.BuiltinKeystone {
		if p.folder, err = openIdentityFolder(k.cfg.Data, logger); err != nil {
			return nil, errors.Join(err, p.cache.Close())
		}
	}
	spare := spareConnections(k.cfg.budget.openFiles)
	p.cluster, err = cluster.Open(cluster.Options{
		Dir: k.cfg.dir, Proxy: &options, Cache: p.cache, Logger: logger, Metrics: p.figure, Cause: causeOf, Keys: keys,
		IdleTotal: spare, LateWrites: max(spare/k.widestWrite(), 1), CodedBytes: k.cfg.budget.codedBytes(),
		Pipes: pipes(k.cfg.budget.openFiles),
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%w: cluster: %w", errUsage, err), p.cache.Close(), p.closeFolder())
	}
	return p, nil
}

// openCache opens the cache that the proxies of the cluster share.
func (k clusterKind) openCache(logger *slog.Logger) (*infocache.Cache, error) {
	conf, err := k.cfg.Cluster.Cache()
	if err != nil {
		return nil, err
	}
	conf.Log = logger
	cache, err := infocache.New(conf)
	if err != nil {
		return nil, fmt.Errorf("%w: cluster.memcache_servers: %w", errUsage, err)
	}
	if !cache.Shared() {
		logger.Warn("without memcached no token and no cached fact is shared with other proxies of the cluster: a change may take recheck_container_existence to be seen")
	}
	return cache, nil
}

// proxied is an open cluster.
type proxied struct {
	cluster *cluster.Store
	cache   *infocache.Cache
	figure  *clusterFigures
	folder  *identityFolder // nil: no identities
}

func (p *proxied) store() objstore.Store { return p.cluster }

func (p *proxied) home() identityHome {
	if p.folder == nil {
		return nil
	}
	return p.folder
}

// tokens are in memcached, where Swift's proxies have their tokens.
func (p *proxied) tokens() tempauth.TokenCache {
	if !p.cache.Shared() {
		return nil
	}
	return p.cache
}

func (p *proxied) figures() []prometheus.Collector { return p.figure.collectors() }

// ready is always nil: a cluster without its rings does not open, and a ring file
// that breaks later leaves the ring before. The servers of the cluster have
// checks of their own.
func (p *proxied) ready() error { return nil }

// serveControl has no command to answer: the operator asks the servers of the
// cluster.
func (p *proxied) serveControl(*slog.Logger) (stop func() error, err error) {
	return func() error { return nil }, nil
}

// syncStore is the cluster: swift-container-sync compares the containers, and
// needs no marks of deletions.
func (p *proxied) syncStore() objstore.Store { return p.cluster }

func (p *proxied) syncWorker(*slog.Logger) (*containersync.Worker, error) { return nil, nil }

// renamePolicies changes nothing: the policies are those of swift.conf.
func (p *proxied) renamePolicies(objstore.Policies) error { return nil }

func (p *proxied) closeFolder() error {
	if p.folder == nil {
		return nil
	}
	return p.folder.Close()
}

func (p *proxied) close() error {
	return errors.Join(p.cluster.Close(), p.cache.Close(), p.closeFolder())
}

// causeKey finds the cause in the context of a request.
type causeKey struct{}

// cause is the request of a client for the logs of the servers.
type cause struct{ transID, referer string }

// serving gives the context of each request its cause, and tells the cache which
// facts the request will need. The query is left out: a query may hold a
// signature.
func (p *proxied) serving(next web.Handler) web.Handler {
	return web.HandlerFunc(func(r *web.Request) (*web.Response, error) {
		if r.TransID == "" {
			r.TransID = web.NewTransID(time.Now(), r.Header.Get("X-Trans-Id-Extra"))
		}
		c := &cause{r.TransID, r.Method + " " + r.BaseURL() + r.RawPath}
		ctx := context.WithValue(r.Context(), causeKey{}, c)
		if names, err := swift.SplitPath(r.Path); err == nil {
			ctx = p.cache.Expect(ctx, objstore.AccountName(names.Account), objstore.ContainerName(names.Container))
		}
		r.SetContext(ctx)
		return next.Serve(r)
	})
}

// causeOf returns the cause in a context.
func causeOf(ctx context.Context) (transID, referer string) {
	if c, ok := ctx.Value(causeKey{}).(*cause); ok {
		return c.transID, c.referer
	}
	return "", ""
}
