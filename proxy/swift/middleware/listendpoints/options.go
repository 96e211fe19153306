// SPDX-License-Identifier: Apache-2.0

package listendpoints

import (
	"needletail/proxy/swift"
	"needletail/proxy/swift/feature"
)

// Options let the server tell everybody where objects are. The answers need no
// token: turn the filter on only in a trusted network.
type Options struct {
	// Enabled turns the filter on.
	Enabled bool `toml:"enabled"`
	// Path is the path below which the filter answers.
	Path string `toml:"list_endpoints_path"`
}

// DefaultOptions returns Swift's defaults.
func DefaultOptions() Options { return Options{Path: DefaultPath} }

// Validate accepts every path.
func (o Options) Validate() error { return nil }

// Info returns no section of /info.
func (o Options) Info(feature.Site) []swift.InfoSection { return nil }

// Middleware returns the filter, or nil if the filter is off.
func (o Options) Middleware(s feature.Site) (swift.Middleware, error) {
	if !o.Enabled {
		return nil, nil
	}
	return New(o, s.Store, s.Policies), nil
}
