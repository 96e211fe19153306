// SPDX-License-Identifier: Apache-2.0

package config

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"needletail/objstore/cluster/infocache"
	"needletail/objstore/cluster/swiftconf"
)

const clusterTop = "[tempauth]\nusers = [\"a:b=c\"]\n[cluster]\nswift_dir = \"/etc/swift\"\n"

// loadCluster returns the configuration of a text that is valid.
func loadCluster(t *testing.T, text string) Config {
	t.Helper()
	c, err := Load(writeConfig(t, text))
	require.NoError(t, err)
	require.NoError(t, c.Validate())
	return c
}

// The defaults are those of Swift, and not only by the look of the page.
// The defaults are Swift's, but for the hedging of reads.
func TestClusterDefaults(t *testing.T) {
	c := loadCluster(t, clusterTop)
	require.True(t, c.Cluster.On())
	o, err := c.Cluster.Options()
	require.NoError(t, err)
	want := swiftconf.DefaultOptions()
	want.PerPolicy, want.ConcurrentGets = o.PerPolicy, true
	require.Empty(t, o.PerPolicy)
	require.Equal(t, want, o)
	none := Default()
	require.False(t, none.Cluster.On())
}

func TestClusterOptionsAreTaken(t *testing.T) {
	c := loadCluster(t, clusterTop+`
conn_timeout = "2s"
node_timeout = "7s"
error_suppression_limit = 3
request_node_count = "5"
sorting_method = "affinity"
read_affinity = "r1z1=100, r1=200"
write_affinity = "r1"
write_affinity_handoff_delete_count = "2"
concurrent_gets = true
[[cluster.policy]]
index = 1
sorting_method = "timing"
read_affinity = ""
write_affinity_node_count = "3 * replicas"
write_affinity_handoff_delete_count = "auto"
concurrent_gets = false
concurrency_timeout = "1s"
concurrent_ec_extra_requests = 2
rebalance_missing_suppression_count = 0
[[cluster.policy]]
index = 2
`)
	o, err := c.Cluster.Options()
	require.NoError(t, err)
	require.Equal(t, 7*time.Second, o.RecoverableNodeTimeout, "as node_timeout")
	require.Equal(t, 2*time.Second, o.ConcurrencyTimeout, "as conn_timeout")
	require.Equal(t, 3, o.ErrorSuppressionLimit)
	require.Equal(t, swiftconf.NodeCount{N: 5}, o.RequestNodeCount)
	require.Equal(t, 2, o.WriteAffinityHandoffDeleteCount)
	require.Equal(t, "r1z1=100, r1=200", o.ReadAffinity.String())
	require.Equal(t, o.PolicyOptions, o.For(2), "nothing of its own")
	p := o.For(1)
	require.Equal(t, swiftconf.PolicyOptions{
		SortingMethod: swiftconf.SortTiming, WriteAffinity: o.WriteAffinity,
		WriteAffinityNodeCount:          swiftconf.NodeCount{N: 3, PerReplicas: true},
		WriteAffinityHandoffDeleteCount: swiftconf.AutoDeleteCount,
		ConcurrencyTimeout:              time.Second, ConcurrentECExtraRequests: 2,
	}, p)
}

func TestClusterContradictions(t *testing.T) {
	for text, want := range map[string]string{
		"[cluster]\nnode_timeout = \"3s\"\n":                                 "without swift_dir",
		clusterTop + "[storage]\nreserve_bytes = 268435456\n":                "storage.reserve_bytes",
		clusterTop + "[Storage]\nscrub_bytes_per_second = 0\n":               "storage.scrub_bytes_per_second",
		clusterTop + "[[device]]\npath = \"/d\"\n":                           "device",
		clusterTop + "[[policy]]\nname = \"x\"\ndefault = true\n":            "policies of a cluster are those of swift.conf",
		clusterTop + "[encryption]\ndisable_encryption = true\n":             "encryption.disable_encryption",
		clusterTop + "[container_sync]\ninterval = \"5m\"\n":                 "swift-container-sync",
		clusterTop + "[[container_sync.realm]]\nname = \"r\"\nkey = \"k\"\n": "container-sync-realms.conf",
		clusterTop + "[filter.list_endpoints]\nenabled = true\n":             "filter.list_endpoints.enabled",
		"data = \"/d\"\n" + clusterTop:                                       "swift_dir and data",
		"[cluster]\nswift_dir = \"/etc/swift\"\n":                            "nobody could log in",
		clusterTop + "builtin_keystone = true\n[keystone]\nauth_url=\"http://k\"\nusername=\"u\"\npassword=\"p\"\nproject_name=\"s\"\n": "there is one Keystone",
		clusterTop + "sorting_method = \"fast\"\n":                                                       "sorting_method",
		clusterTop + "read_affinity = \"r1=1\"\n[[cluster.policy]]\nindex = 1\nwrite_affinity = \"x\"\n": "policy 1",
		clusterTop + "[[cluster.policy]]\nindex = 1\n[[cluster.policy]]\nindex = 1\n":                    "there twice",
		clusterTop + "request_node_count = \"many\"\n":                                                   "request_node_count",
		clusterTop + "write_affinity_node_count = \"many\"\n":                                            "write_affinity_node_count",
		clusterTop + "write_affinity_handoff_delete_count = \"-1\"\n":                                    "write_affinity_handoff_delete_count",
		clusterTop + "recheck_account_existence = \"0s\"\n":                                              "recheck_account_existence",
		clusterTop + "namespace_avg_backend_fetch_time = \"0s\"\n":                                       "namespace_avg_backend_fetch_time",
		clusterTop + "namespace_cache_tokens_per_session = -1\n":                                         "namespace_cache_tokens_per_session",
		clusterTop + "memcache_max_connections = -1\n":                                                   "memcache_max_connections",
	} {
		c, err := Load(writeConfig(t, text))
		if err == nil {
			err = c.Validate()
		}
		require.ErrorIs(t, err, ErrUsage, text)
		require.ErrorContains(t, err, want, text)
	}
	loadCluster(t, "data = \"/d\"\n"+clusterTop+"builtin_keystone = true\n")
	loadCluster(t, "[cluster]\nswift_dir = \"/etc/swift\"\nbuiltin_keystone = true\n")
}

func TestSwiftConfContradictions(t *testing.T) {
	conf, err := swiftconf.Parse([]byte("[swift-hash]\nswift_hash_path_suffix = s\n[swift-constraints]\nmax_file_size = 1000\n"))
	require.NoError(t, err)
	for text, want := range map[string]string{
		clusterTop: "",
		clusterTop + "[limits]\nmax_file_size = 1000\n":       "",
		clusterTop + "[limits]\nmax_file_size = 5368709122\n": "limits.max_file_size is 5368709122, and max_file_size of swift.conf is 1000",
		clusterTop + "[limits]\nmax_request_line = 9000\n":    "limits.max_request_line",
		clusterTop + "[[cluster.policy]]\nindex = 7\n":        "policy 7",
		clusterTop + "node_timeout = \"0s\"\n":                "node_timeout",
	} {
		c := loadCluster(t, text)
		err := c.CheckSwiftConf(conf)
		if want == "" {
			require.NoError(t, err, text)
			continue
		}
		require.ErrorIs(t, err, ErrUsage, text)
		require.ErrorContains(t, err, want, text)
	}
}

func TestClusterCache(t *testing.T) {
	dir := t.TempDir()
	c := defaultCluster()
	c.SwiftDir = dir
	conf, err := c.Cache()
	require.NoError(t, err)
	require.Empty(t, conf.Servers, "no file: in the process")
	require.Equal(t, infocache.DefaultMaxConns, conf.MaxConns)
	require.Equal(t, infocache.DefaultUpdatingLife, conf.UpdatingLife)

	file := filepath.Join(dir, "memcache.conf")
	require.NoError(t, os.WriteFile(file, []byte("[memcache]\nmemcache_servers = m1:11211,m2:11211\nmemcache_max_connections = 5\n"), 0o600))
	conf, err = c.Cache()
	require.NoError(t, err)
	require.Equal(t, []string{"m1:11211", "m2:11211"}, conf.Servers)
	require.Equal(t, 5, conf.MaxConns)

	c.MemcacheServers, c.MemcacheMaxConnections = []string{"m3:11211"}, 7
	c.WholeShardRanges, c.RecheckAccountExistence = true, Duration(time.Second)
	conf, err = c.Cache()
	require.NoError(t, err)
	require.Equal(t, []string{"m3:11211"}, conf.Servers)
	require.Equal(t, 7, conf.MaxConns)
	require.True(t, conf.WholeRanges)
	require.Equal(t, time.Second, conf.AccountLife)

	require.NoError(t, os.WriteFile(file, []byte("[memcache]\nio_timeout = x\n"), 0o600))
	_, err = c.Cache()
	require.ErrorIs(t, err, ErrUsage)
	require.ErrorContains(t, err, "io_timeout")
}

func TestClusterRealms(t *testing.T) {
	c := loadCluster(t, clusterTop+"[container_sync]\ncurrent = \"//Saio/one\"\n")
	c.Cluster.SwiftDir = t.TempDir()
	realms, err := c.ClusterRealms()
	require.NoError(t, err)
	require.Nil(t, realms, "no file")
	write := func(text string) {
		require.NoError(t, os.WriteFile(filepath.Join(c.Cluster.SwiftDir, realmsFile), []byte(text), 0o600))
	}
	write("[DEFAULT]\nmtime_check_interval = 300\n")
	realms, err = c.ClusterRealms()
	require.NoError(t, err)
	require.Nil(t, realms, "no realm")
	write("[DEFAULT]\nmtime_check_interval = 300\n[saio]\nkey = k\nkey2 = l\nCluster_one = http://h:1/v1/\n")
	realms, err = c.ClusterRealms()
	require.NoError(t, err)
	require.NoError(t, realms.CheckSyncTo("//saio/ONE/AUTH_a/c"))
	require.Error(t, realms.CheckSyncTo("//saio/two/AUTH_a/c"))
	for text, want := range map[string]string{
		"[saio]\nkey = k\n":      "current",
		"[saio]\n":               "no key",
		"[saio]\nkey = %(no)s\n": "no",
		"key = 1\n":              realmsFile,
	} {
		write(text)
		_, err = c.ClusterRealms()
		require.ErrorIs(t, err, ErrUsage, text)
		require.ErrorContains(t, err, want, text)
	}
}
