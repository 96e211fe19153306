// SPDX-License-Identifier: Apache-2.0

package config

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"needletail/objstore"
	"needletail/objstore/cluster/infocache"
	"needletail/objstore/cluster/swiftconf"
	"needletail/proxy/swift/middleware/containersync"
)

// autoCount is "auto" of write_affinity_handoff_delete_count.
const autoCount = "auto"

func defaultCluster() Cluster {
	d := swiftconf.DefaultOptions()
	return Cluster{
		RecheckAccountExistence:    Duration(infocache.DefaultAccountLife),
		RecheckContainerExistence:  Duration(infocache.DefaultContainerLife),
		RecheckListingShardRanges:  Duration(infocache.DefaultListingLife),
		RecheckUpdatingShardRanges: Duration(infocache.DefaultUpdatingLife),

		NamespaceAvgBackendFetchTime:   Duration(infocache.DefaultFetchTime),
		NamespaceCacheTokensPerSession: infocache.DefaultFetchTokens,

		ConnTimeout:              Duration(d.ConnTimeout),
		NodeTimeout:              Duration(d.NodeTimeout),
		PostQuorumTimeout:        Duration(d.PostQuorumTimeout),
		ErrorSuppressionInterval: Duration(d.ErrorSuppressionInterval),
		ErrorSuppressionLimit:    d.ErrorSuppressionLimit,
		RequestNodeCount:         d.RequestNodeCount.String(),
		TimingExpiry:             Duration(d.TimingExpiry),

		SortingMethod:                    d.SortingMethod.String(),
		WriteAffinityNodeCount:           d.WriteAffinityNodeCount.String(),
		WriteAffinityHandoffDeleteCount:  autoCount,
		ConcurrentECExtraRequests:        d.ConcurrentECExtraRequests,
		RebalanceMissingSuppressionCount: d.RebalanceMissingSuppressionCount,

		// A read does not wait for a server that hangs. A further device is asked
		// only after concurrency_timeout, so a healthy cluster has no more work.
		ConcurrentGets: true,
	}
}

// On reports whether the server is a proxy of a cluster.
func (c *Cluster) On() bool { return c.SwiftDir != "" }

// Options returns the settings towards the cluster.
func (c *Cluster) Options() (swiftconf.Options, error) {
	o := swiftconf.Options{
		ConnTimeout:              time.Duration(c.ConnTimeout),
		NodeTimeout:              time.Duration(c.NodeTimeout),
		RecoverableNodeTimeout:   time.Duration(cmp.Or(c.RecoverableNodeTimeout, c.NodeTimeout)),
		ClientTimeout:            swiftconf.DefaultOptions().ClientTimeout,
		PostQuorumTimeout:        time.Duration(c.PostQuorumTimeout),
		ErrorSuppressionInterval: time.Duration(c.ErrorSuppressionInterval),
		ErrorSuppressionLimit:    c.ErrorSuppressionLimit,
		TimingExpiry:             time.Duration(c.TimingExpiry),
		PerPolicy:                map[objstore.PolicyIndex]swiftconf.PolicyOptions{},
	}
	var err error
	if o.RequestNodeCount, err = swiftconf.ParseNodeCount(c.RequestNodeCount); err != nil {
		return o, fmt.Errorf("request_node_count: %w", err)
	}
	if o.PolicyOptions, err = c.policyOptions(ClusterPolicy{}); err != nil {
		return o, err
	}
	for _, p := range c.Policies {
		index := objstore.PolicyIndex(p.Index)
		if _, twice := o.PerPolicy[index]; twice {
			return o, fmt.Errorf("policy %d is there twice", index)
		}
		if o.PerPolicy[index], err = c.policyOptions(p); err != nil {
			return o, fmt.Errorf("policy %d: %w", index, err)
		}
	}
	return o, nil
}

// policyOptions returns the options of a policy, over those of the cluster.
func (c *Cluster) policyOptions(p ClusterPolicy) (o swiftconf.PolicyOptions, err error) {
	if o.SortingMethod, err = swiftconf.ParseSortingMethod(either(p.SortingMethod, c.SortingMethod)); err != nil {
		return o, err
	}
	if o.ReadAffinity, err = swiftconf.ParseReadAffinity(either(p.ReadAffinity, c.ReadAffinity)); err != nil {
		return o, err
	}
	if o.WriteAffinity, err = swiftconf.ParseWriteAffinity(either(p.WriteAffinity, c.WriteAffinity)); err != nil {
		return o, err
	}
	if o.WriteAffinityNodeCount, err = swiftconf.ParseNodeCount(either(p.WriteAffinityNodeCount, c.WriteAffinityNodeCount)); err != nil {
		return o, fmt.Errorf("write_affinity_node_count: %w", err)
	}
	count := either(p.WriteAffinityHandoffDeleteCount, c.WriteAffinityHandoffDeleteCount)
	if o.WriteAffinityHandoffDeleteCount, err = parseCount(count); err != nil {
		return o, fmt.Errorf("write_affinity_handoff_delete_count: %w", err)
	}
	o.ConcurrentGets = either(p.ConcurrentGets, c.ConcurrentGets)
	o.ConcurrencyTimeout = time.Duration(cmp.Or(either(p.ConcurrencyTimeout, c.ConcurrencyTimeout), c.ConnTimeout))
	o.ConcurrentECExtraRequests = either(p.ConcurrentECExtraRequests, c.ConcurrentECExtraRequests)
	o.RebalanceMissingSuppressionCount = either(p.RebalanceMissingSuppressionCount, c.RebalanceMissingSuppressionCount)
	return o, nil
}

// either returns the value of a policy, or the value of the cluster.
func either[T any](own *T, ofCluster T) T {
	if own != nil {
		return *own
	}
	return ofCluster
}

// parseCount reads a number of handoffs, or "auto".
func parseCount(s string) (int, error) {
	if s == autoCount {
		return swiftconf.AutoDeleteCount, nil
	}
	n, err := strconv.ParseUint(s, 10, 16)
	if err != nil {
		return 0, fmt.Errorf("%q is neither a number nor %q", s, autoCount)
	}
	return int(n), nil
}

// Cache returns the settings of the cache that the proxies of the cluster share.
// Without memcache_servers the settings are those of memcache.conf. Without the
// file the cache is in the process.
func (c *Cluster) Cache() (infocache.Config, error) {
	conf, err := infocache.ReadConf(filepath.Join(c.SwiftDir, "memcache.conf"), infocache.SectionMemcache)
	if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, infocache.ErrNoSection) {
		return conf, fmt.Errorf("%w: %w", ErrUsage, err)
	}
	if len(c.MemcacheServers) > 0 {
		conf.Servers = slices.Clone(c.MemcacheServers)
	}
	conf.MaxConns = cmp.Or(c.MemcacheMaxConnections, conf.MaxConns, infocache.DefaultMaxConns)
	conf.AccountLife = time.Duration(c.RecheckAccountExistence)
	conf.ContainerLife = time.Duration(c.RecheckContainerExistence)
	conf.ListingLife = time.Duration(c.RecheckListingShardRanges)
	conf.UpdatingLife = time.Duration(c.RecheckUpdatingShardRanges)
	conf.FetchTime = time.Duration(c.NamespaceAvgBackendFetchTime)
	if conf.FetchTokens = c.NamespaceCacheTokensPerSession; conf.FetchTokens == 0 {
		conf.FetchTokens = -1
	}
	conf.WholeRanges = c.WholeShardRanges
	return conf, nil
}

// realmsFile is the file of the realms of container sync in a swift_dir.
const realmsFile = "container-sync-realms.conf"

// ClusterRealms returns the realms of container sync of the cluster, or nil if
// the swift_dir has none (swift/common/container_sync_realms.py).
func (c *Config) ClusterRealms() (*containersync.Realms, error) {
	file, err := swiftconf.ReadFile(filepath.Join(c.Cluster.SwiftDir, realmsFile), false)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUsage, err)
	}
	var list []containersync.Realm
	for _, section := range file.Sections() {
		options, err := file.Options(section)
		if err != nil {
			return nil, fmt.Errorf("%w: %s: %w", ErrUsage, realmsFile, err)
		}
		r := containersync.Realm{Name: section, Key: options["key"], Key2: options["key2"], Clusters: map[string]string{}}
		for name, value := range options {
			if cluster, ok := strings.CutPrefix(name, "cluster_"); ok {
				r.Clusters[cluster] = value
			}
		}
		list = append(list, r)
	}
	if len(list) == 0 {
		return nil, nil
	}
	realms, err := containersync.NewRealms(list, c.ContainerSync.Current)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrUsage, realmsFile, err)
	}
	return realms, nil
}
