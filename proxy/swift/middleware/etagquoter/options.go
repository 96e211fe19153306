// SPDX-License-Identifier: Apache-2.0

package etagquoter

import (
	"needletail/proxy/pyjson"
	"needletail/proxy/swift"
	"needletail/proxy/swift/feature"
)

// Options say whether the ETags of objects have the quotes of RFC 9110.
type Options struct {
	// EnableByDefault puts ETags into quotes where the container and the
	// account say nothing.
	EnableByDefault bool `toml:"enable_by_default"`
}

// DefaultOptions returns Swift's defaults.
func DefaultOptions() Options { return Options{} }

// Validate accepts all options.
func (o Options) Validate() error { return nil }

// Info returns the section of /info.
func (o Options) Info(feature.Site) []swift.InfoSection {
	return []swift.InfoSection{{Name: "etag_quoter", Value: pyjson.Object{{Key: "enable_by_default", Value: o.EnableByDefault}}}}
}

// Middleware returns the filter.
func (o Options) Middleware(s feature.Site) (swift.Middleware, error) { return New(o, s.Store), nil }
