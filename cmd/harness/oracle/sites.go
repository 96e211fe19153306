// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"needletail/bench/saio"
)

// site is a configuration of both servers, with the script for the configuration.
type site struct {
	name     string
	filters  []string          // of Swift's pipeline
	settings map[string]string // of the filters, by name
	config   string            // of needletail
	script   func() []step
}

// mainFilters is Swift's pipeline with every filter that needletail has too.
var mainFilters = []string{
	"gatekeeper", "healthcheck", "crossdomain", "cache", "etag-quoter", "listing_formats", "list_endpoints", "container_sync",
	"bulk", "tempurl", "formpost", "tempauth", "staticweb", "copy", "container-quotas", "account-quotas", "slo", "dlo",
	"versioned_writes", "symlink",
}

const (
	// syncRealms is Swift's container-sync-realms.conf. mainConfig has the same realm.
	syncRealms = "[US]\nkey = realm-key\nkey2 = realm-key2\ncluster_one = http://one.example/v1/\n"
	// proxyConfig is for a proxy of a cluster, which has no list_endpoints and takes
	// the realm from Swift's file.
	proxyConfig = `[swift]
allowed_digests = ["sha1", "sha256", "sha512"]
[filter.crossdomain]
enabled = true
`
	mainConfig = proxyConfig + `[filter.list_endpoints]
enabled = true
[[container_sync.realm]]
name = "US"
key = "realm-key"
key2 = "realm-key2"
clusters = { one = "http://one.example/v1/" }
`
)

// rootSecret is the root secret of needletail's encryption.
var rootSecret = base64.StdEncoding.EncodeToString([]byte(strings.Repeat("s", 32)))

var sites = []site{
	{name: "plain", filters: mainFilters, config: mainConfig, script: script},
	{
		// Only needletail encrypts, and clients must not see a difference. The
		// encryption of Debian's Swift answers 503 for objects.
		name: "encrypted", filters: mainFilters, script: script,
		config: mainConfig + "[encryption]\nroot_secret_file = \"SECRET\"\n",
	},
	{
		name: "limited", filters: []string{"gatekeeper", "healthcheck", "cache", "listing_formats", "bulk", "ratelimit", "tempauth"},
		settings: map[string]string{"ratelimit": "account_ratelimit = 0.01\nmax_sleep_time_seconds = 1\naccount_whitelist = AUTH_test2\naccount_blacklist = AUTH_admin\n"},
		config:   "[filter.ratelimit]\nenabled = true\naccount_ratelimit = 0.01\nmax_sleep_time = \"1s\"\naccount_whitelist = [\"AUTH_test2\"]\naccount_blacklist = [\"AUTH_admin\"]\n",
		script:   limitedScript,
	},
}

// compare starts both servers, sends the script, and stops the servers.
func (s site) compare(c *comparison, binary string) error {
	dir, err := os.MkdirTemp("", "needletail-oracle-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	swiftDir, secret := filepath.Join(dir, "swift"), filepath.Join(dir, "secret")
	if err := os.Mkdir(swiftDir, 0o755); err != nil {
		return err
	}
	for path, text := range map[string]string{
		filepath.Join(swiftDir, "container-sync-realms.conf"): syncRealms, secret: rootSecret,
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return err
		}
	}
	var users []string
	for _, u := range scriptUsers {
		users = append(users, u.swiftLine())
	}
	peer, err := saio.Start(saio.Options{Dir: swiftDir, Filters: s.filters, Settings: s.settings, Users: users, Workers: 1})
	if err != nil {
		return fmt.Errorf("swift: %w", err)
	}
	defer peer.Stop()
	ours, err := startNeedletail(binary, filepath.Join(dir, "data"), strings.ReplaceAll(s.config, "SECRET", secret))
	if err != nil {
		return err
	}
	defer ours.stop()
	return c.run(s.script(), newTarget(peer.Addr), newTarget(ours.addr))
}

// limitedScript returns steps about rate limits: an account may change containers
// once in a hundred seconds. Limits of containers are not compared: a limit follows
// the number of objects, and Swift's proxy remembers the number for a minute.
func limitedScript() []step {
	g := &group{name: "limit"}
	for _, method := range []string{"GET", "PUT"} {
		g.as("admin", method, "/v1/AUTH_admin/c")
	}
	g.as("admin", "GET", "/v1/AUTH_admin")
	for _, method := range []string{"PUT", "PUT", "DELETE", "POST", "HEAD"} {
		g.do(method, "/c")
	}
	g.do("GET", "")
	for range 3 {
		for _, path := range []string{"/c", "/c/o"} {
			g.as("tester2", "PUT", "/v1/AUTH_test2"+path)
			g.as("tester2", "GET", "/v1/AUTH_test2"+path)
		}
	}
	g.do("PUT", "?extract-archive=tar", "Accept: application/json").body = tarball("d/e", "d/f")
	return g.steps
}
