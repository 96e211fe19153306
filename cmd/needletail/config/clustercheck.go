// SPDX-License-Identifier: Apache-2.0

package config

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"needletail/objstore/cluster/swiftconf"
)

// embeddedOnly are the sections and keys of the embedded store, with the reason
// why a proxy of a cluster refuses them.
var embeddedOnly = []struct{ key, why string }{
	{"storage", "the servers of the cluster have the disks"},
	{"device", "the devices of a cluster are those of its rings"},
	{"policy", "the policies of a cluster are those of swift.conf; [[cluster.policy]] has the options of a proxy"},
	{"encryption", "needletail's own encryption is part of the embedded store; [cluster.keymaster] has the root secrets of Swift's"},
	{"container_sync.interval", containerSyncDaemon},
	{"container_sync.container_time", containerSyncDaemon},
	{"container_sync.objects_per_second", containerSyncDaemon},
	{"container_sync.realm", "the realms of a cluster are those of " + realmsFile + " in swift_dir"},
	{"filter.list_endpoints.enabled", "the feature knows the embedded store alone"},
}

const containerSyncDaemon = "swift-container-sync compares the containers of a cluster"

// validateCluster refuses what contradicts [cluster] in the rest of the file.
func (c *Config) validateCluster() error {
	if !c.Cluster.On() {
		own := c.Cluster
		if len(own.MemcacheServers) == 0 {
			own.MemcacheServers = nil
		}
		if len(own.Keymaster.EncryptionRootSecrets) == 0 {
			own.Keymaster.EncryptionRootSecrets = nil
		}
		if !reflect.DeepEqual(own, defaultCluster()) {
			return errors.New("without swift_dir no further option of [cluster] has an effect")
		}
		return nil
	}
	for _, e := range embeddedOnly {
		if key := c.definedBelow(e.key); key != "" {
			return fmt.Errorf("swift_dir and %s contradict one another: %s", key, e.why)
		}
	}
	switch {
	case c.Cluster.BuiltinKeystone && c.Keystone.External():
		return errors.New("builtin_keystone and keystone.auth_url contradict one another: there is one Keystone")
	case !c.Cluster.BuiltinKeystone && c.Data != Default().Data:
		return errors.New("swift_dir and data contradict one another: only builtin_keystone keeps something in a data folder")
	case !c.Cluster.BuiltinKeystone && !c.Keystone.External() && len(c.TempAuth.Users) == 0:
		return errors.New("nobody could log in: there is none of tempauth.users, keystone.auth_url and cluster.builtin_keystone")
	}
	return c.Cluster.validate()
}

// definedBelow returns a key of the file that is key or lies below key, or "".
func (c *Config) definedBelow(key string) string {
	for _, k := range slices.Sorted(maps.Keys(c.defined)) {
		if k == key || strings.HasPrefix(k, key+".") {
			return k
		}
	}
	return ""
}

func (c *Cluster) validate() error {
	for name, d := range map[string]Duration{
		"recheck_account_existence": c.RecheckAccountExistence, "recheck_container_existence": c.RecheckContainerExistence,
		"recheck_listing_shard_ranges": c.RecheckListingShardRanges, "recheck_updating_shard_ranges": c.RecheckUpdatingShardRanges,
		"namespace_avg_backend_fetch_time": c.NamespaceAvgBackendFetchTime,
	} {
		if d <= 0 {
			return fmt.Errorf("%s must be positive", name)
		}
	}
	if c.NamespaceCacheTokensPerSession < 0 {
		return errors.New("namespace_cache_tokens_per_session is negative")
	}
	if c.MemcacheMaxConnections < 0 {
		return errors.New("memcache_max_connections is negative")
	}
	if err := c.Keymaster.validate(); err != nil {
		return fmt.Errorf("keymaster: %w", err)
	}
	_, err := c.Options()
	return err
}

// CheckSwiftConf refuses limits of the file that differ from swift.conf, and
// options of policies that swift.conf does not have.
func (c *Config) CheckSwiftConf(conf *swiftconf.Config) error {
	for _, l := range []struct {
		key, name   string
		own, theirs int64
	}{
		{"limits.max_file_size", "max_file_size", c.Limits.MaxFileSizeBytes, conf.Constraints.MaxFileSize},
		{"limits.max_request_line", "max_request_line", int64(c.Limits.MaxRequestLineLength), int64(conf.Constraints.MaxRequestLine)},
	} {
		if c.definedBelow(l.key) != "" && l.own != l.theirs {
			return fmt.Errorf("%w: configuration: %s is %d, and %s of swift.conf is %d: leave %s away",
				ErrUsage, l.key, l.own, l.name, l.theirs, l.key)
		}
	}
	o, err := c.Cluster.Options()
	if err == nil {
		err = o.Validate(conf)
	}
	if err != nil {
		return fmt.Errorf("%w: configuration: cluster: %w", ErrUsage, err)
	}
	return nil
}
