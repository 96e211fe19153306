// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"needletail/proxy/swift/feature"
	"needletail/proxy/swift/middleware/bulk"
	"needletail/proxy/swift/middleware/ratelimit"
	"needletail/proxy/swift/middleware/versionedwrites"
)

const proxyConf = `[DEFAULT]
bind_ip = 10.0.0.1
bind_port = 8080
log_level = INFO
client_timeout = 42
log_statsd_host = stats.example.com
log_statsd_default_sample_rate = 0.5
log_statsd_metric_prefix = p1
swift_dir = %s
[pipeline:main]
pipeline = catch_errors cache authtoken tempauth keystoneauth ratelimit bulk sync slo versioned_writes strange proxy-server
[app:proxy-server]
use = egg:swift#proxy
conn_timeout = 0.25
concurrent_gets = on
read_affinity = r1=100
sorting_method = affinity
strict_cors_mode = no
cors_allow_origin = http://a, http://b
admin_key = SECRET
recheck_account_existence = 7
[proxy-server:policy:1]
write_affinity = r2
concurrent_gets = false
concurrency_timeout = 2
[filter:cache]
use = egg:swift#memcache
memcache_servers = m1:11211,m2:11211
memcache_max_connections = 2
[filter:authtoken]
paste.filter_factory = keystonemiddleware.auth_token:filter_factory
auth_url = http://k:5000
username = swift
password = pw
project_name = service
delay_auth_decision = False
token_cache_time = 300
[filter:keystoneauth]
use = egg:swift#keystoneauth
reseller_prefix = AUTH, SERVICE
operator_roles = admin, boss
SERVICE_service_roles = service
reseller_admin_role = R
[filter:tempauth]
use = egg:swift#tempauth
user_Test_Tester = testing .admin .reseller_admin
user64_dMO8_ew = k
SERVICE_require_group = service
reseller_prefix = AUTH SERVICE
token_life = 60
storage_url_scheme = default
[filter:ratelimit]
use = egg:swift#ratelimit
account_ratelimit = 2.5
container_ratelimit_100 = 50
[filter:bulk]
use = egg:swift#bulk
max_deletes_per_request = 5
[filter:sync]
use = egg:swift#container_sync
current = //r/c
[filter:slo]
use = egg:swift#slo
rate_limit_after_segment = 10
[filter:versioned_writes]
use = egg:swift#versioned_writes
allow_versioned_writes = false
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:strange]
use = egg:other#strange
[filter:unused]
use = egg:swift#keymaster
`

func writeProxyConf(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "proxy-server.conf")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestFromSwiftProxy(t *testing.T) {
	c, notes, err := FromSwiftProxy(writeProxyConf(t, fmt.Sprintf(proxyConf, "/etc/sw")))
	require.NoError(t, err)
	require.Equal(t, []string{
		"[app:proxy-server] admin_key", "[filter:keystoneauth] reseller_admin_role",
		"[filter:slo] rate_limit_after_segment", "[filter:strange]",
	}, notes)
	text, err := c.Text()
	require.NoError(t, err)
	require.NotContains(t, text, "SECRET")
	again := loadCluster(t, text)
	for _, c := range []*Config{&c, &again} {
		require.Equal(t, "10.0.0.1:8080", c.Listen)
		require.Equal(t, "/etc/sw", c.Cluster.SwiftDir)
		require.Equal(t, Duration(42*time.Second), c.Timeouts.BodyIdle)
		require.Equal(t, Statsd{Host: "stats.example.com", Port: 8125, DefaultSampleRate: 0.5, SampleRateFactor: 1, MetricPrefix: "p1"}, c.Statsd)
		require.Equal(t, Duration(250*time.Millisecond), c.Cluster.ConnTimeout)
		require.Equal(t, Duration(7*time.Second), c.Cluster.RecheckAccountExistence)
		require.Equal(t, []string{"m1:11211", "m2:11211"}, c.Cluster.MemcacheServers)
		o, err := c.Cluster.Options()
		require.NoError(t, err)
		require.True(t, o.ConcurrentGets)
		require.False(t, o.For(1).ConcurrentGets)
		require.Equal(t, "r2", o.For(1).WriteAffinity.String())
		require.Equal(t, "r1=100", o.For(1).ReadAffinity.String())
		require.Equal(t, 2*time.Second, o.For(1).ConcurrencyTimeout)
		require.False(t, c.Swift.AccountAutocreate, "Swift's default")
		require.False(t, c.Swift.StrictCORSMode)
		require.Equal(t, []string{"http://a", "http://b"}, c.Swift.CORSAllowOrigin)
		require.Equal(t, "http://k:5000", c.Keystone.AuthURL)
		require.False(t, c.Keystone.DelayAuthDecision)
		require.Equal(t, Duration(5*time.Minute), c.Keystone.TokenCacheTime)
		require.Equal(t, []string{"admin", "boss"}, c.Identity.OperatorRoles)
		require.Equal(t, map[string][]string{"SERVICE": {"service"}}, c.KeystoneAuth.ServiceRoles)
		require.Equal(t, []string{"tü:{=k", "Test:Tester=testing,.admin,.reseller_admin"}, c.TempAuth.Users)
		require.Equal(t, map[string]string{"SERVICE": "service"}, c.TempAuth.RequireGroup)
		require.Equal(t, []string{"AUTH", "SERVICE"}, c.TempAuth.ResellerPrefixes)
		require.Equal(t, "//r/c", c.ContainerSync.Current)
		rates := feature.Of[ratelimit.Options](c.Filters)
		require.True(t, rates.Enabled)
		require.Equal(t, 2.5, rates.AccountPerSecond)
		require.Equal(t, map[string]float64{"100": 50}, rates.Containers)
		require.Equal(t, 5, feature.Of[bulk.Options](c.Filters).MaxDeletesPerRequest)
		require.False(t, feature.Of[versionedwrites.Options](c.Filters).AllowVersionedWrites)
	}
}

func TestFromSwiftProxyRefuses(t *testing.T) {
	const users = "[filter:tempauth]\nuser_a_b = c\n"
	const top = "[app:proxy-server]\nuse = egg:swift#proxy\n"
	for text, want := range map[string]string{
		"": "no pipeline",
		"[pipeline:main]\npipeline = x app\n" + top:                 "[app:app]",
		"[pipeline:main]\npipeline = tempauth proxy-server\n" + top: "[filter:tempauth]",
		"[pipeline:main]\npipeline = encryption tempauth proxy-server\n" + top + users + "[filter:encryption]\nuse = egg:swift#encryption\n": "needs the filter keymaster",
		"[pipeline:main]\npipeline = tempauth proxy-server\n" + top + "[filter:tempauth]\nuser_x = SECRET\n":                                 "user_x",
		"[pipeline:main]\npipeline = tempauth proxy-server\n" + top + "[filter:tempauth]\nuser_x_y = SECRET http://h/v1/A\n":                 "storage URL",
		"[pipeline:main]\npipeline = tempauth proxy-server\n" + top + "[filter:tempauth]\nuser64_!_y = SECRET\n":                             "user64_!_y",
		"[pipeline:main]\npipeline = tempauth proxy-server\n" + top + "node_timeout = soon\n" + users:                                        "node_timeout",
		"[pipeline:main]\npipeline = tempauth proxy-server\n" + top + "error_suppression_limit = x\n" + users:                                "error_suppression_limit",
		"[pipeline:main]\npipeline = tempauth proxy-server\n" + top + users + "[proxy-server:policy:x]\nwrite_affinity = r1\n":               "index",
		"[pipeline:main]\npipeline = tempauth proxy-server\n" + top + "read_affinity = here\n" + users:                                       "read_affinity",
		"[pipeline:main]\npipeline = proxy-server\n" + top:                                                                                   "nobody could log in",
	} {
		_, _, err := FromSwiftProxy(writeProxyConf(t, text))
		require.ErrorIs(t, err, ErrUsage, text)
		require.ErrorContains(t, err, want, text)
		require.NotContains(t, err.Error(), "SECRET")
	}
	_, _, err := FromSwiftProxy(filepath.Join(t.TempDir(), "none"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

// Without memcache.conf Swift asks a memcached on this machine.
func TestFromSwiftProxyMemcache(t *testing.T) {
	dir := t.TempDir()
	path := writeProxyConf(t, "[pipeline:main]\npipeline = cache tempauth proxy-server\n[app:proxy-server]\nuse = egg:swift#proxy\nswift_dir = "+dir+
		"\n[filter:tempauth]\nuser_a_b = c\n[filter:cache]\nuse = egg:swift#memcache\n")
	c, _, err := FromSwiftProxy(path)
	require.NoError(t, err)
	require.Equal(t, []string{"127.0.0.1:11211"}, c.Cluster.MemcacheServers)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "memcache.conf"), nil, 0o600))
	c, _, err = FromSwiftProxy(path)
	require.NoError(t, err)
	require.Empty(t, c.Cluster.MemcacheServers)
}

// A configuration without a change is an empty file.
func TestTextOfDefaults(t *testing.T) {
	c := Default()
	text, err := c.Text()
	require.NoError(t, err)
	require.Empty(t, text)
}
