// SPDX-License-Identifier: Apache-2.0

package namecheck

import (
	"fmt"
	"regexp"

	"needletail/proxy/pyjson"
	"needletail/proxy/swift"
	"needletail/proxy/swift/feature"
)

// Options say which paths the server refuses with 400.
type Options struct {
	// Enabled turns the filter on.
	Enabled bool `toml:"enabled"`
	// ForbiddenChars are the forbidden characters of paths. "" stands for the
	// default.
	ForbiddenChars string `toml:"forbidden_chars"`
	// MaxLengthBytes is the length of the longest path, in bytes. 0 stands for the
	// default.
	MaxLengthBytes int `toml:"maximum_length"`
	// ForbiddenRegexp is the regular expression of forbidden paths, in the
	// syntax of RE2. RE2 lacks Python's look-around. "" stands for the default.
	ForbiddenRegexp string `toml:"forbidden_regexp"`
}

// DefaultOptions returns Swift's defaults.
func DefaultOptions() Options {
	return Options{
		ForbiddenChars:  DefaultForbiddenChars,
		MaxLengthBytes:  DefaultMaxLengthBytes,
		ForbiddenRegexp: DefaultForbiddenRegexp,
	}
}

func (o Options) withDefaults() Options {
	d := DefaultOptions()
	if o.ForbiddenChars == "" {
		o.ForbiddenChars = d.ForbiddenChars
	}
	if o.MaxLengthBytes == 0 {
		o.MaxLengthBytes = d.MaxLengthBytes
	}
	if o.ForbiddenRegexp == "" {
		o.ForbiddenRegexp = d.ForbiddenRegexp
	}
	return o
}

// Validate refuses a wrong regular expression.
func (o Options) Validate() error {
	if _, err := regexp.Compile(o.withDefaults().ForbiddenRegexp); err != nil {
		return fmt.Errorf("forbidden_regexp: %w", err)
	}
	return nil
}

// Info returns the section of /info, or nil if the filter is off.
func (o Options) Info(feature.Site) []swift.InfoSection {
	if !o.Enabled {
		return nil
	}
	o = o.withDefaults()
	return []swift.InfoSection{{Name: "name_check", Value: pyjson.Object{
		{Key: "forbidden_chars", Value: o.ForbiddenChars},
		{Key: "maximum_length", Value: o.MaxLengthBytes},
		{Key: "forbidden_regexp", Value: o.ForbiddenRegexp},
	}}}
}

// Middleware returns the filter, or nil if the filter is off.
func (o Options) Middleware(feature.Site) (swift.Middleware, error) {
	if !o.Enabled {
		return nil, nil
	}
	return New(o), nil
}
