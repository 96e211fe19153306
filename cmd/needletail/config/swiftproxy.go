// SPDX-License-Identifier: Apache-2.0

package config

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"needletail/objstore/cluster/swiftconf"
	"needletail/proxy/swift/pipeline"
)

// foreignSecrets are the filters whose root secrets lie in a service that only
// Swift's proxies know.
var foreignSecrets = []string{"kms_keymaster", "kmip_keymaster"}

// FromSwiftProxy reads the configuration of a proxy server of Swift and returns
// the configuration of a needletail in its place. notes name the options that
// have no counterpart; the values of options may be secrets and are left out.
// Filters that are not in the pipeline count for nothing.
func FromSwiftProxy(path string) (c Config, notes []string, err error) {
	c = Default()
	file, err := swiftconf.ReadFile(path, true)
	if err != nil {
		return c, nil, fmt.Errorf("%w: %w", ErrUsage, err)
	}
	r := proxyReader{file: file, to: &c}
	if err := r.read(); err != nil {
		return c, nil, fmt.Errorf("%w: %s: %w", ErrUsage, path, err)
	}
	return c, r.notes, c.Validate()
}

// proxyReader is the state of FromSwiftProxy.
type proxyReader struct {
	file  *swiftconf.File
	to    *Config
	notes []string
	// keymaster and encrypts tell which of both filters are in the pipeline.
	keymaster, encrypts bool
}

func (r *proxyReader) read() error {
	main, err := r.file.Options("pipeline:main")
	if err != nil {
		return err
	}
	names := strings.Fields(main["pipeline"])
	if len(names) == 0 {
		return errors.New("there is no pipeline in [pipeline:main]")
	}
	if err := r.app("app:" + names[len(names)-1]); err != nil {
		return err
	}
	for _, name := range names[:len(names)-1] {
		if err := r.filter("filter:" + name); err != nil {
			return fmt.Errorf("[filter:%s]: %w", name, err)
		}
	}
	if err := r.checkEncryption(); err != nil {
		return err
	}
	for _, section := range r.file.Sections() {
		if index, ok := strings.CutPrefix(section, "proxy-server:policy:"); ok {
			if err := r.policy(section, index); err != nil {
				return fmt.Errorf("[%s]: %w", section, err)
			}
		}
	}
	return nil
}

// options returns the options of a section, and with own alone those that are
// not of [DEFAULT].
func (r *proxyReader) options(section string, own bool) (map[string]string, error) {
	if !r.file.Has(section) {
		return nil, errors.New("the section is not there")
	}
	options, err := r.file.Options(section)
	if err != nil || !own {
		return options, err
	}
	defaults, err := r.file.Options("DEFAULT")
	maps.DeleteFunc(options, func(name, value string) bool {
		inherited, ok := defaults[name]
		return ok && inherited == value
	})
	return options, err
}

// ofServer are options of the process of Swift's proxy.
var ofServer = []string{"use", "user", "workers", "backlog", "eventlet_debug", "set log_name", "log_name", "log_facility", "log_level",
	"log_headers", "log_address", "log_max_line_length", "log_custom_handlers", "log_udp_host", "log_udp_port"}

// app takes [app:proxy-server] over [DEFAULT].
func (r *proxyReader) app(section string) error {
	options, err := r.options(section, false)
	if err != nil {
		return fmt.Errorf("[%s]: %w", section, err)
	}
	take := func(name, byDefault string) string {
		value, ok := options[name]
		delete(options, name)
		if !ok {
			return byDefault
		}
		return value
	}
	r.to.Listen = net.JoinHostPort(take("bind_ip", "0.0.0.0"), take("bind_port", "8080"))
	r.to.Cluster.SwiftDir = take("swift_dir", "/etc/swift")
	if timeout := take("client_timeout", ""); timeout != "" {
		if err := setOption(&r.to.Timeouts, "body_idle", timeout); err != nil {
			return err
		}
		r.to.Timeouts.Write = r.to.Timeouts.BodyIdle
	}
	for name, value := range map[string]string{"account_autocreate": take("account_autocreate", "no")} {
		if err := setOption(&r.to.Swift, name, value); err != nil {
			return err
		}
	}
	if err := r.statsd(options); err != nil {
		return err
	}
	return r.takeAll(section, options, &r.to.Cluster, &r.to.Swift)
}

// statsdPrefix stands before the options of the statsd in Swift's file.
const statsdPrefix = "log_statsd_"

// statsd takes the options of the statsd out of options. Without a host no
// option counts.
func (r *proxyReader) statsd(options map[string]string) error {
	on := options[statsdPrefix+"host"] != ""
	for _, name := range slices.Sorted(maps.Keys(options)) {
		key, ok := strings.CutPrefix(name, statsdPrefix)
		if !ok || !hasOption(&r.to.Statsd, key) {
			continue
		}
		if on {
			if err := setOption(&r.to.Statsd, key, options[name]); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		delete(options, name)
	}
	return nil
}

// policy takes [proxy-server:policy:N].
func (r *proxyReader) policy(section, index string) error {
	options, err := r.options(section, true)
	if err != nil {
		return err
	}
	var p ClusterPolicy
	if err := setOption(&p, "index", index); err != nil {
		return err
	}
	r.to.Cluster.Policies = append(r.to.Cluster.Policies, p)
	return r.takeAll(section, options, &r.to.Cluster.Policies[len(r.to.Cluster.Policies)-1])
}

// takeAll puts each option into the first struct that has the option.
func (r *proxyReader) takeAll(section string, options map[string]string, targets ...any) error {
	for _, name := range slices.Sorted(maps.Keys(options)) {
		taken := false
		for _, to := range targets {
			if taken = hasOption(to, name); !taken {
				continue
			}
			if err := setOption(to, name, options[name]); err != nil {
				return err
			}
			break
		}
		if !taken && !slices.Contains(ofServer, name) && !strings.HasPrefix(name, "paste.") {
			r.notes = append(r.notes, fmt.Sprintf("[%s] %s", section, name))
		}
	}
	return nil
}

// filterName is the name of a filter, by the entry point that the section uses.
func filterName(section string, options map[string]string) string {
	if _, name, ok := strings.Cut(options["use"], "#"); ok {
		return name
	}
	if strings.HasPrefix(options["paste.filter_factory"], "keystonemiddleware.") {
		return "auth_token"
	}
	return strings.TrimPrefix(section, "filter:")
}

func (r *proxyReader) filter(section string) error {
	options, err := r.options(section, true)
	if err != nil {
		return err
	}
	name := filterName(section, options)
	switch {
	case slices.Contains(foreignSecrets, name):
		return errors.New("needletail cannot fetch root secrets from a key manager: keep Swift's proxies")
	case name == "keymaster" || name == "encryption":
		return r.encryption(section, name, options)
	case name == "memcache":
		return r.cache(section, options)
	case name == "tempauth":
		return r.tempAuth(section, options)
	case name == "keystoneauth":
		return r.keystoneAuth(section, options)
	case name == "auth_token":
		return r.takeAll(section, options, &r.to.Keystone)
	case name == "container_sync":
		return r.takeAll(section, options, &r.to.ContainerSync)
	case name == "tempurl" || name == "formpost":
		return r.takeAll(section, options, &r.to.Swift)
	}
	return r.feature(section, name, options)
}

// feature takes the options of a filter with a section of its own.
func (r *proxyReader) feature(section, name string, options map[string]string) error {
	var targets []any
	for _, f := range pipeline.Features() {
		if f.Section == name && name != "list_endpoints" { // of the embedded store
			targets = append(targets, r.to.Filters[f.Name])
		}
	}
	for _, to := range targets {
		if hasOption(to, "enabled") {
			if err := setOption(to, "enabled", "yes"); err != nil {
				return err
			}
		}
	}
	if len(targets) == 0 && !builtIn[name] {
		r.notes = append(r.notes, fmt.Sprintf("[%s]", section))
		return nil
	}
	return r.takeAll(section, options, targets...)
}

// builtIn are the filters that are always on, without options.
var builtIn = map[string]bool{
	"catch_errors": true, "gatekeeper": true, "proxy_logging": true, "listing_formats": true, "copy": true, "dlo": true,
	"account_quotas": true, "container_quotas": true,
}

// cache takes the servers of memcached. Swift takes a server on this machine for
// granted where neither the section nor memcache.conf names one.
func (r *proxyReader) cache(section string, options map[string]string) error {
	delete(options, "memcache_max_connections") // of each of Swift's workers
	_, err := os.Stat(filepath.Join(r.to.Cluster.SwiftDir, "memcache.conf"))
	if options["memcache_servers"] == "" && err != nil {
		options["memcache_servers"] = "127.0.0.1:11211"
	}
	return r.takeAll(section, options, &r.to.Cluster)
}
