// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/BurntSushi/toml"

	"needletail/proxy/swift/feature"
	"needletail/proxy/swift/middleware/cnamelookup"
	"needletail/proxy/swift/middleware/domainremap"
	"needletail/proxy/swift/pipeline"
)

func defaultFilters() feature.Set {
	set := feature.Set{}
	for _, f := range pipeline.Features() {
		if f.Section != "" {
			set.Put(f, f.Defaults())
		}
	}
	return set
}

// decodeFilters reads the [filter.SECTION] of every feature. known has the
// names of the sections of features, in the spelling of the file.
func (c *Config) decodeFilters(meta *toml.MetaData, sections map[string]toml.Primitive) (known map[string]bool, err error) {
	known = map[string]bool{}
	for _, f := range pipeline.Features() {
		for name, section := range sections {
			// The decoder ignores the case of keys too.
			if f.Section == "" || !strings.EqualFold(name, f.Section) {
				continue
			}
			known[name] = true
			if err := meta.PrimitiveDecode(section, c.Filters[f.Name]); err != nil {
				return nil, err
			}
		}
	}
	return known, nil
}

func (c *Config) validateFilters() error {
	for _, f := range pipeline.Features() {
		if f.Section == "" {
			continue
		}
		if err := c.Filters[f.Name].Validate(); err != nil {
			return fmt.Errorf("filter.%s.%w", f.Section, err)
		}
	}
	return nil
}

// OwnHosts returns the host names under which clients reach the server itself.
func (c *Config) OwnHosts() []string {
	hosts := []string{"localhost"}
	if u, err := url.Parse(c.PublicURL); err == nil {
		hosts = append(hosts, u.Hostname())
	}
	if host, _, err := net.SplitHostPort(c.Listen); err == nil {
		hosts = append(hosts, host)
	}
	return hosts
}

// SwiftHosts returns the test for hosts of accounts. Every path of such a host
// belongs to Swift.
func (c *Config) SwiftHosts() func(host string) bool {
	remap, lookup := feature.Of[domainremap.Options](c.Filters), feature.Of[cnamelookup.Options](c.Filters)
	site := feature.Site{OwnHosts: c.OwnHosts()}
	return func(host string) bool { return remap.Matches(host) || lookup.Matches(site, host) }
}
