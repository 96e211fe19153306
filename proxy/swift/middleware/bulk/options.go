// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"needletail/proxy/pyjson"
	"needletail/proxy/swift"
	"needletail/proxy/swift/feature"
)

// Options bound what a bulk request may do. 0 stands for the default.
type Options struct {
	// MaxContainersPerExtraction is how many containers the extraction of an
	// archive may create.
	MaxContainersPerExtraction int `toml:"max_containers_per_extraction"`
	// MaxFailedExtractions is how many files of an archive may fail before the
	// extraction ends.
	MaxFailedExtractions int `toml:"max_failed_extractions"`
	// MaxDeletesPerRequest is how many lines a list of names may have. Blank
	// lines count.
	MaxDeletesPerRequest int `toml:"max_deletes_per_request"`
	// MaxFailedDeletes is how many names of a list may fail before the deletion
	// ends.
	MaxFailedDeletes int `toml:"max_failed_deletes"`
	// DeleteConcurrency is how many objects of a list are deleted at the same
	// time, at most 1000.
	DeleteConcurrency int `toml:"delete_concurrency"`
}

const maxDeleteConcurrency = 1000

// DefaultOptions returns Swift's defaults.
func DefaultOptions() Options {
	return Options{
		MaxContainersPerExtraction: 10000,
		MaxFailedExtractions:       1000,
		MaxDeletesPerRequest:       10000,
		MaxFailedDeletes:           1000,
		DeleteConcurrency:          2,
	}
}

func (o Options) withDefaults() Options {
	d := DefaultOptions()
	for _, f := range []struct {
		to    *int
		value int
	}{
		{&o.MaxContainersPerExtraction, d.MaxContainersPerExtraction}, {&o.MaxFailedExtractions, d.MaxFailedExtractions},
		{&o.MaxDeletesPerRequest, d.MaxDeletesPerRequest}, {&o.MaxFailedDeletes, d.MaxFailedDeletes},
		{&o.DeleteConcurrency, d.DeleteConcurrency},
	} {
		if *f.to <= 0 {
			*f.to = f.value
		}
	}
	o.DeleteConcurrency = min(o.DeleteConcurrency, maxDeleteConcurrency)
	return o
}

// Validate accepts all numbers.
func (o Options) Validate() error { return nil }

// Info returns two sections of /info: archives and lists of names.
func (o Options) Info(feature.Site) []swift.InfoSection {
	o = o.withDefaults()
	return []swift.InfoSection{
		{Name: "bulk_upload", Value: pyjson.Object{
			{Key: "max_containers_per_extraction", Value: o.MaxContainersPerExtraction},
			{Key: "max_failed_extractions", Value: o.MaxFailedExtractions},
		}},
		{Name: "bulk_delete", Value: pyjson.Object{
			{Key: "max_deletes_per_request", Value: o.MaxDeletesPerRequest},
			{Key: "max_failed_deletes", Value: o.MaxFailedDeletes},
		}},
	}
}

// Middleware returns the filter.
func (o Options) Middleware(s feature.Site) (swift.Middleware, error) {
	return New(o, s.Limits, s.Log), nil
}
