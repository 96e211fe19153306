// SPDX-License-Identifier: Apache-2.0

package containersync

import (
	"needletail/proxy/swift"
	"needletail/proxy/swift/feature"
)

// Options turn container sync on. They come from [container_sync] of the file.
type Options struct {
	// Realms are the groups of clusters with the same secrets. nil: the filter
	// is off. With realms the site's Store must be the Store of Record.
	Realms *Realms
}

// Validate accepts all realms: NewRealms has checked them.
func (o Options) Validate() error { return nil }

// Info returns the section of /info, or nil if the filter is off.
func (o Options) Info(feature.Site) []swift.InfoSection {
	if o.Realms == nil {
		return nil
	}
	return []swift.InfoSection{*o.Realms.Info()}
}

// Middleware returns the filter, or nil if the filter is off.
func (o Options) Middleware(s feature.Site) (swift.Middleware, error) {
	if o.Realms == nil {
		return nil, nil
	}
	return New(Config{Realms: o.Realms, Store: s.Store}), nil
}
