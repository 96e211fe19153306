// SPDX-License-Identifier: Apache-2.0

package symlink

import (
	"needletail/proxy/pyjson"
	"needletail/proxy/swift"
	"needletail/proxy/swift/feature"
)

// DefaultMaxHops is the default of symloop_max.
const DefaultMaxHops = 2

// Options bound chains of links.
type Options struct {
	// MaxHops is how many links may follow one another. 0 stands for the default.
	MaxHops int `toml:"symloop_max"`
}

// DefaultOptions returns Swift's defaults.
func DefaultOptions() Options { return Options{MaxHops: DefaultMaxHops} }

func (o Options) maxHops() int {
	if o.MaxHops < 1 {
		return DefaultMaxHops
	}
	return o.MaxHops
}

// Validate accepts all numbers.
func (o Options) Validate() error { return nil }

// Info returns the section of /info.
func (o Options) Info(feature.Site) []swift.InfoSection {
	return []swift.InfoSection{{Name: "symlink", Value: pyjson.Object{
		{Key: "symloop_max", Value: o.maxHops()},
		{Key: "static_links", Value: true},
	}}}
}

// Middleware returns the filter.
func (o Options) Middleware(feature.Site) (swift.Middleware, error) { return New(o), nil }
