// SPDX-License-Identifier: Apache-2.0

package readonly

import (
	"needletail/proxy/pyjson"
	"needletail/proxy/swift"
	"needletail/proxy/swift/feature"
)

// Options refuse writes with 405. The filter is off if read_only and
// allow_deletes are false.
type Options struct {
	// ReadOnly refuses writes to all accounts, except accounts with the sysmeta
	// X-Account-Sysmeta-Read-Only: false.
	ReadOnly bool `toml:"read_only"`
	// AllowDeletes lets DELETE through where writes are refused.
	AllowDeletes bool `toml:"allow_deletes"`
}

// DefaultOptions returns Swift's defaults.
func DefaultOptions() Options { return Options{} }

// Validate accepts all options.
func (o Options) Validate() error { return nil }

// Info returns the section of /info, or nil if accounts are writable.
func (o Options) Info(feature.Site) []swift.InfoSection {
	if !o.ReadOnly {
		return nil
	}
	return []swift.InfoSection{{Name: "read_only", Value: pyjson.Object{}}}
}

// Middleware returns the filter, or nil if the filter is off.
func (o Options) Middleware(s feature.Site) (swift.Middleware, error) {
	if o == (Options{}) {
		return nil, nil
	}
	return New(o, s.Store), nil
}
