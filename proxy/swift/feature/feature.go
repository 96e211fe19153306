// Package feature is the contract between a feature of Swift's API, the
// pipeline and the configuration. The package of a feature declares one Feature.
// Package pipeline puts the features in order and asks each for its middleware;
// the configuration fills the options of each from a section of its file.
//
// A new option is a field of the feature's Options struct: the TOML name is the
// field's tag, the default stands in DefaultOptions, and the field's comment is
// the option's description in the reference.
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
	// After names the features that must see a request before this feature, each
	// with the reason.
	After map[string]string
	// Defaults returns the options that count where the file says nothing, in a
	// fresh value for each call.
	Defaults func() Options
}

// Options are the options of one feature: a pointer to a struct with TOML tags.
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

// Site is what the server gives to all features.
type Site struct {
	Store    objstore.Store
	Policies objstore.Policies
	Limits   swift.Limits
	Log      *slog.Logger // required
	// Digests are the digests that may sign temporary URLs and forms.
	Digests signing.Digests
	// OwnHosts are the host names under which clients reach the server itself.
	OwnHosts []string
	// Totals is Store with other numbers of bytes: the bytes of accounts and
	// containers include old versions. Quotas need these numbers.
	Totals objstore.Store
}
