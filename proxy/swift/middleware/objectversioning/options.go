// SPDX-License-Identifier: Apache-2.0

package objectversioning

import (
	"needletail/proxy/pyjson"
	"needletail/proxy/swift"
	"needletail/proxy/swift/feature"
)

// Options say whether the owners of containers may have versions of objects.
type Options struct {
	// AllowObjectVersioning lets owners switch X-Versions-Enabled on. With
	// false a container with versions keeps making versions until the owner
	// switches X-Versions-Enabled off.
	AllowObjectVersioning bool `toml:"allow_object_versioning"`
}

// DefaultOptions returns the defaults.
func DefaultOptions() Options { return Options{AllowObjectVersioning: true} }

// Validate accepts all options.
func (o Options) Validate() error { return nil }

// Info returns the section of /info, or nil if versioning is not allowed.
func (o Options) Info(feature.Site) []swift.InfoSection {
	if !o.AllowObjectVersioning {
		return nil
	}
	return []swift.InfoSection{{Name: "object_versioning", Value: pyjson.Object{}}}
}

// Middleware returns the filter.
func (o Options) Middleware(s feature.Site) (swift.Middleware, error) {
	return New(Config{Store: s.Store, Policies: s.Policies, Limits: s.Limits, Disabled: !o.AllowObjectVersioning}), nil
}
