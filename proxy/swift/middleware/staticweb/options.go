// SPDX-License-Identifier: Apache-2.0

package staticweb

import (
	"needletail/proxy/pyjson"
	"needletail/proxy/swift"
	"needletail/proxy/swift/feature"
)

// Options say how listings in HTML look.
type Options struct {
	// DotSlashLinks lets every link begin with "./", as in Swift since 2.31. With
	// false a link is the bare name, unless the bare name would lead elsewhere or
	// the link carries the query of a temporary URL.
	DotSlashLinks bool `toml:"dot_slash_links"`
}

// DefaultOptions returns the defaults of Swift 2.30.
func DefaultOptions() Options { return Options{} }

// Validate accepts all options.
func (o Options) Validate() error { return nil }

// Info returns the section of /info.
func (o Options) Info(feature.Site) []swift.InfoSection {
	return []swift.InfoSection{{Name: "staticweb", Value: pyjson.Object{}}}
}

// Middleware returns the filter.
func (o Options) Middleware(s feature.Site) (swift.Middleware, error) {
	return New(o, s.Store), nil
}
