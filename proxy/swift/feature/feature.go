// SPDX-License-Identifier: Apache-2.0

// Package feature is the contract between a feature of Swift's API, the
// pipeline and the configuration. The package of a feature declares a Feature.
// Package pipeline orders the features and asks each feature for its
// middleware. The configuration fills the options of a feature from a section
// of the file.
//
// A new option is a field of the feature's struct Options. The tag of the field
// is the TOML name, DefaultOptions has the default, and the comment of the
// field is the description in the reference.
package feature

import (
	"log/slog"

	"needletail/auth/signing"
	"needletail/objstore"
	"needletail/proxy/swift"
)

// Feature describes one of Swift's filters.
type Feature struct {
	// Name is the name of the feature's package.
	Name string
	// Section is the name of the feature's table in the file, [filter.SECTION],
	// with Swift's spelling. "": the file has no table for the feature. Two
	// features may share a section; no key belongs to both.
	Section string
	// After names the features that must see a request before this feature. The
	// values are the reasons.
	After map[string]string
	// Defaults returns the options without a configuration. Each call returns a
	// fresh value.
	Defaults func() Options
}

// Options are the options of a feature: a pointer to a struct with TOML tags.
type Options interface {
	// Validate returns what is wrong with the options. The text of the error
	// begins with the key.
	Validate() error
	// Info returns the feature's sections of /info. Most features have one
	// section; a feature that is off has none.
	Info(Site) []swift.InfoSection
	// Middleware returns the feature with these options, or nil if the options
	// leave the feature out. The options must be valid.
	Middleware(Site) (swift.Middleware, error)
}

// Site has the parts of the server for all features.
type Site struct {
	Store    objstore.Store
	Policies objstore.Policies
	Limits   swift.Limits
	Log      *slog.Logger // required
	// Digests are the digests that may sign temporary URLs and forms.
	Digests signing.Digests
	// OwnHosts are the host names under which clients reach the server itself.
	OwnHosts []string
	// Ready returns why the server should get no requests for now. nil stands for
	// a function that returns nil.
	Ready func() error
	// Totals is Store with different numbers of bytes: the bytes of accounts
	// and containers include old versions. Quotas need these numbers.
	Totals objstore.Store
}
