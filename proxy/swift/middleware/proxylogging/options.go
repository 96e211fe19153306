// SPDX-License-Identifier: Apache-2.0

package proxylogging

import (
	"needletail/proxy/swift"
	"needletail/proxy/swift/feature"
)

// Options turn the notes for Swift's access line on. They come from
// log.swift_access and statsd.host of the file.
type Options struct {
	// Enabled lets the filter note the contents of the access line.
	Enabled bool
}

// Validate accepts all options.
func (o Options) Validate() error { return nil }

// Info returns no section of /info.
func (o Options) Info(feature.Site) []swift.InfoSection { return nil }

// Middleware returns the filter, or nil if the filter is off.
func (o Options) Middleware(s feature.Site) (swift.Middleware, error) {
	if !o.Enabled {
		return nil, nil
	}
	return New(s.Store), nil
}
