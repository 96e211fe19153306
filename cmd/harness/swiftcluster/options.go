// SPDX-License-Identifier: Apache-2.0

package swiftcluster

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
)

// Policies of a cluster, by index.
var Policies = []string{"gold", "silver", "ec42"}

// Options configure a cluster. Only Dir is needed.
type Options struct {
	Dir string // the folder; missing, empty, or the folder of a cluster that has ended
	// Source is a checkout of Swift, or "" for Debian's packages.
	Source string
	// Detached leaves the cluster running when this process ends. Otherwise the
	// cluster ends with the process.
	Detached bool
	// Bare starts memcached and rsync alone, for tests that start Swift themselves.
	Bare bool
	// Daemons starts replicators, auditors, updaters and all other daemons too. A test
	// rather calls Once.
	Daemons bool
	// DefaultPolicy is a member of Policies; "" is gold.
	DefaultPolicy string
	// ECType is of the policy ec42; "" is liberasurecode_rs_vand.
	ECType string
	// DiskBytes bounds the devices in memory; 0 is defaultDiskBytes. OnDisk puts the
	// devices into the folder instead, without a bound.
	DiskBytes int64
	OnDisk    bool
	// Workers are the forked processes of a server. With 0 the server is a single
	// process, which starts and stops sooner.
	Workers int
	// ProxyConnTimeout is conn_timeout of Swift's proxy in seconds; 0 is
	// connectSeconds.
	ProxyConnTimeout float64
	// LogLevel is of all servers, in log/swift.log; "" is INFO, with a line a request.
	LogLevel string
	// Filters are the pipeline of Swift's proxy between catch_errors and the
	// application; nil is DefaultFilters. Settings are further lines of a filter's
	// section, by the name of the filter, in place of DefaultSettings. Users are lines
	// of TempAuth; nil is DefaultUsers.
	Filters  []string
	Settings map[string]string
	Users    []string
	// Encrypted puts the filters keymaster and encryption before the last filter.
	Encrypted bool
	// Realms is the text of container-sync-realms.conf; "" is a realm with the cluster.
	Realms string
}

// defaultDiskBytes bounds the devices of all nodes together.
const defaultDiskBytes = 4 << 30

// DefaultFilters is the pipeline of SAIO, and what Swift's functional tests want.
var DefaultFilters = []string{
	"gatekeeper", "healthcheck", "proxy-logging", "cache", "etag-quoter", "listing_formats", "domain_remap", "bulk",
	"tempurl", "formpost", "ratelimit", "crossdomain", "container_sync", "tempauth", "staticweb", "copy",
	"container-quotas", "account-quotas", "slo", "dlo", "versioned_writes", "symlink", "proxy-logging",
}

const allDigests = "allowed_digests = sha1 sha256 sha512\n"

// DefaultSettings are the settings of filters.
var DefaultSettings = map[string]string{
	"slo":              "allow_async_delete = true\n",
	"container_sync":   "current = //saio/saio_endpoint\n",
	"domain_remap":     "storage_domain = example.net\n",
	"tempurl":          allDigests,
	"formpost":         allDigests,
	"versioned_writes": "allow_versioned_writes = true\nallow_object_versioning = true\n",
	"tempauth":         "reseller_prefix = AUTH, SERVICE\nSERVICE_require_group = service\n",
}

// The root secrets of an encrypted cluster: a random one of no use elsewhere, and an
// older one that encrypts nothing new.
const (
	rootSecret       = "mS7b3kOdoKWzCm8e2nIYVrHAfXJ6gG0uTj5xqZ1pLQk="
	rootSecretOld    = "Zk9wYWJyb3duZm94anVtcHNvdmVydGhlbGF6eWRvZzA="
	activeRootSecret = "2027"

	keymasterSettings = "encryption_root_secret = " + rootSecretOld + "\n" +
		"encryption_root_secret_" + activeRootSecret + " = " + rootSecret + "\n" +
		"active_root_secret_id = " + activeRootSecret + "\n"
)

// NeedletailKeymaster is TOML behind NeedletailConfig, for an encrypted cluster.
const NeedletailKeymaster = "[cluster.keymaster]\nencryption_root_secret = \"" + rootSecretOld + "\"\n" +
	"encryption_root_secrets = { " + activeRootSecret + " = \"" + rootSecret + "\" }\n" +
	"active_root_secret_id = \"" + activeRootSecret + "\"\n"

// DefaultUsers are the users of Swift's samples and functional tests.
var DefaultUsers = []string{
	"user_admin_admin = admin .admin .reseller_admin",
	"user_admin_auditor = admin_ro .reseller_reader",
	"user_test_tester = testing .admin",
	"user_test_tester2 = testing2 .admin",
	"user_test_tester3 = testing3",
	"user_test2_tester2 = testing2 .admin",
	"user_test5_tester5 = testing5 service",
}

const defaultRealms = "[saio]\nkey = changeme\nkey2 = changeme\ncluster_saio_endpoint = http://" + ProxyAddr + "/v1/\n"

// complete fills in the defaults and refuses what cannot be.
func (o *Options) complete() error {
	var err error
	if o.Dir, err = filepath.Abs(o.Dir); err != nil {
		return err
	}
	// An address of a Unix socket holds 107 bytes (sys/un.h: sun_path).
	if socket := controlSocket(o.Dir); len(socket) > 107 {
		return fmt.Errorf("the folder %s has too long a name for a socket below", o.Dir)
	}
	if o.Source != "" {
		if o.Source, err = filepath.Abs(o.Source); err != nil {
			return err
		}
	}
	if o.DefaultPolicy == "" {
		o.DefaultPolicy = Policies[0]
	}
	if !slices.Contains(Policies, o.DefaultPolicy) {
		return fmt.Errorf("%q is no policy: %q", o.DefaultPolicy, Policies)
	}
	if o.ECType == "" {
		o.ECType = "liberasurecode_rs_vand"
	}
	if o.DiskBytes == 0 {
		o.DiskBytes = defaultDiskBytes
	}
	if o.ProxyConnTimeout == 0 {
		o.ProxyConnTimeout = connectSeconds
	}
	if o.LogLevel == "" {
		o.LogLevel = "INFO"
	}
	if o.Filters == nil {
		o.Filters = DefaultFilters
	}
	if o.Settings == nil {
		o.Settings = DefaultSettings
	}
	if o.Encrypted {
		o.Filters = slices.Insert(slices.Clone(o.Filters), max(len(o.Filters)-1, 0), "keymaster", "encryption")
		o.Settings = maps.Clone(o.Settings)
		o.Settings["keymaster"] = keymasterSettings
	}
	if o.Users == nil {
		o.Users = DefaultUsers
	}
	if o.Realms == "" {
		o.Realms = defaultRealms
	}
	return nil
}
