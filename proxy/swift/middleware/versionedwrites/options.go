// SPDX-License-Identifier: Apache-2.0

package versionedwrites

import (
	"strings"

	"needletail/proxy/pyjson"
	"needletail/proxy/swift"
	"needletail/proxy/swift/feature"
)

// Options say whether the owners of containers may have an archive of replaced
// objects.
type Options struct {
	// AllowVersionedWrites lets owners set X-Versions-Location and
	// X-History-Location. With false a request for an archive gets 412, and
	// containers that have an archive keep nothing in the archive.
	AllowVersionedWrites bool `toml:"allow_versioned_writes"`
}

// DefaultOptions returns the defaults.
func DefaultOptions() Options { return Options{AllowVersionedWrites: true} }

// Validate accepts all options.
func (o Options) Validate() error { return nil }

// Info returns the section of /info, or nil if archives are not allowed.
func (o Options) Info(feature.Site) []swift.InfoSection {
	if !o.AllowVersionedWrites {
		return nil
	}
	return []swift.InfoSection{{Name: "versioned_writes", Value: pyjson.Object{
		{Key: "allowed_flags", Value: []string{strings.ToLower(versionsLocation), strings.ToLower(historyLocation)}},
	}}}
}

// Middleware returns the filter.
func (o Options) Middleware(s feature.Site) (swift.Middleware, error) { return New(o, s.Store), nil }
