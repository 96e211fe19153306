// SPDX-License-Identifier: Apache-2.0

package cnamelookup

import (
	"errors"
	"fmt"

	"needletail/proxy/pyjson"
	"needletail/proxy/swift"
	"needletail/proxy/swift/feature"
)

// Options let a client's own host name lead to an account by CNAME records. The
// filter is off without a storage_domain.
type Options struct {
	// StorageDomains are the domains of accounts, "example.com" for example. The
	// records of a host must lead to a name below a storage domain.
	StorageDomains []string `toml:"storage_domain"`
	// LookupDepth is how many CNAME records may lead from a host to the storage
	// domain. 0 stands for the default.
	LookupDepth int `toml:"lookup_depth"`
	// Nameservers are the name servers to ask, as ADDRESS or ADDRESS:PORT. An
	// empty list means the machine's name servers.
	Nameservers []string `toml:"nameservers"`
}

// DefaultOptions returns Swift's defaults.
func DefaultOptions() Options { return Options{LookupDepth: defaultDepth} }

func (o Options) on() bool { return len(o.StorageDomains) > 0 }

// Validate refuses name servers without an address, and options without a
// storage domain.
func (o Options) Validate() error {
	if !o.on() {
		if o.LookupDepth > 0 && o.LookupDepth != defaultDepth || len(o.Nameservers) > 0 {
			return errors.New("lookup_depth and nameservers mean nothing without storage_domain")
		}
		return nil
	}
	_, err := o.resolver()
	return err
}

func (o Options) resolver() (Resolver, error) {
	dns, err := NewDNS(o.Nameservers)
	if err != nil {
		return nil, fmt.Errorf("nameservers: %w", err)
	}
	return dns, nil
}

// config returns the filter's settings without the resolver. Hosts in own are
// not looked up.
func (o Options) config(own []string) Config {
	return Config{StorageDomains: o.StorageDomains, LookupDepth: o.LookupDepth, OwnHosts: own}
}

// Matches says whether the filter will look a host up.
func (o Options) Matches(s feature.Site, host string) bool { return o.config(s.OwnHosts).Matches(host) }

// Info returns the section of /info, or nil if the filter is off.
func (o Options) Info(feature.Site) []swift.InfoSection {
	if !o.on() {
		return nil
	}
	return []swift.InfoSection{{Name: "cname_lookup", Value: pyjson.Object{{Key: "lookup_depth", Value: o.config(nil).depth()}}}}
}

// Middleware returns the filter, or nil if the filter is off.
func (o Options) Middleware(s feature.Site) (swift.Middleware, error) {
	if !o.on() {
		return nil, nil
	}
	c := o.config(s.OwnHosts)
	var err error
	if c.Resolver, err = o.resolver(); err != nil {
		return nil, err
	}
	return New(c), nil
}
