// SPDX-License-Identifier: Apache-2.0

package domainremap

import (
	"errors"
	"slices"

	"needletail/proxy/pyjson"
	"needletail/proxy/swift"
	"needletail/proxy/swift/feature"
)

// Options turn a host CONTAINER.ACCOUNT.DOMAIN into the path of the container.
// The filter is off without a storage_domain.
type Options struct {
	// StorageDomains are the domains of accounts: with "example.com" the host
	// ACCOUNT.example.com names an account.
	StorageDomains []string `toml:"storage_domain"`
	// PathRoot is the first element of the new path.
	PathRoot string `toml:"path_root"`
	// ResellerPrefixes are the prefixes of accounts in host names. With an empty
	// list any label names an account.
	ResellerPrefixes []string `toml:"reseller_prefixes"`
	// DefaultResellerPrefix is the prefix for labels without a reseller prefix.
	// With "" the filter does not touch a request with a label of this kind.
	DefaultResellerPrefix string `toml:"default_reseller_prefix"`
	// MangleClientPaths removes path_root from the beginning of the client's
	// path.
	MangleClientPaths bool `toml:"mangle_client_paths"`
}

// DefaultOptions returns Swift's defaults.
func DefaultOptions() Options {
	return Options{PathRoot: "v1", ResellerPrefixes: []string{"AUTH"}}
}

// Validate refuses options without a storage domain.
func (o Options) Validate() error {
	d := DefaultOptions()
	changed := o.PathRoot != "" && o.PathRoot != d.PathRoot || o.DefaultResellerPrefix != "" ||
		len(o.ResellerPrefixes) > 0 && !slices.Equal(o.ResellerPrefixes, d.ResellerPrefixes) || o.MangleClientPaths
	if len(o.StorageDomains) == 0 && changed {
		return errors.New("path_root, reseller_prefixes, default_reseller_prefix and mangle_client_paths mean nothing without storage_domain")
	}
	return nil
}

// Info returns the section of /info, or nil if the filter is off.
func (o Options) Info(feature.Site) []swift.InfoSection {
	if len(o.StorageDomains) == 0 {
		return nil
	}
	var prefix any
	if o.DefaultResellerPrefix != "" {
		prefix = o.DefaultResellerPrefix
	}
	return []swift.InfoSection{{Name: "domain_remap", Value: pyjson.Object{{Key: "default_reseller_prefix", Value: prefix}}}}
}

// Middleware returns the filter, or nil if the filter is off.
func (o Options) Middleware(feature.Site) (swift.Middleware, error) {
	if len(o.StorageDomains) == 0 {
		return nil, nil
	}
	return New(o), nil
}
