// SPDX-License-Identifier: Apache-2.0

package crossdomain

import (
	"needletail/proxy/pyjson"
	"needletail/proxy/swift"
	"needletail/proxy/swift/feature"
)

// Options turn the answer to GET /crossdomain.xml on, and set the policy in the
// answer.
type Options struct {
	// Enabled turns the filter on.
	Enabled bool `toml:"enabled"`
	// Policy is the XML inside of the element cross-domain-policy. The default
	// lets every page in.
	Policy string `toml:"cross_domain_policy"`
}

// DefaultOptions returns Swift's defaults.
func DefaultOptions() Options { return Options{Policy: DefaultPolicy} }

// Validate accepts every policy.
func (o Options) Validate() error { return nil }

// Info returns the section of /info, or nil if the filter is off.
func (o Options) Info(feature.Site) []swift.InfoSection {
	if !o.Enabled {
		return nil
	}
	return []swift.InfoSection{{Name: "crossdomain", Value: pyjson.Object{}}}
}

// Middleware returns the filter, or nil if the filter is off.
func (o Options) Middleware(feature.Site) (swift.Middleware, error) {
	if !o.Enabled {
		return nil, nil
	}
	return New(o), nil
}
