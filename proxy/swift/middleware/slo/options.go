// SPDX-License-Identifier: Apache-2.0

package slo

import (
	"errors"
	"fmt"
	"time"

	"needletail/objstore"
	"needletail/proxy/pyjson"
	"needletail/proxy/swift"
	"needletail/proxy/swift/feature"
)

// Options bound static large objects.
type Options struct {
	// MaxSegments is how many segments of a manifest may be objects.
	MaxSegments int `toml:"max_manifest_segments"`
	// MaxManifestBytes is the length of the longest list of segments in a PUT,
	// in bytes.
	MaxManifestBytes int64 `toml:"max_manifest_size"`
	// AllowAsyncDelete lets async=yes leave the deletion of segments to the
	// expirer.
	AllowAsyncDelete bool `toml:"allow_async_delete"`
	// Concurrency is how many subrequests a request may have at the same time,
	// from 1 to 1000.
	Concurrency int `toml:"concurrency"`
}

// maxConcurrency is the largest Concurrency that Swift allows.
const maxConcurrency = 1000

// DefaultOptions returns Swift's defaults.
func DefaultOptions() Options {
	return Options{MaxSegments: 1000, MaxManifestBytes: 8 << 20, AllowAsyncDelete: true, Concurrency: 2}
}

// Validate refuses numbers that are out of range.
func (o Options) Validate() error {
	switch {
	case o.MaxSegments <= 0:
		return errors.New("max_manifest_segments must be positive")
	case o.MaxManifestBytes <= 0:
		return errors.New("max_manifest_size must be positive")
	case o.Concurrency <= 0 || o.Concurrency > maxConcurrency:
		return fmt.Errorf("concurrency must be from 1 to %d", maxConcurrency)
	}
	return nil
}

// Info returns the section of /info.
func (o Options) Info(feature.Site) []swift.InfoSection {
	return []swift.InfoSection{{Name: "slo", Value: pyjson.Object{
		{Key: "max_manifest_segments", Value: o.MaxSegments},
		{Key: "max_manifest_size", Value: o.MaxManifestBytes},
		{Key: "yield_frequency", Value: int(swift.HeartbeatInterval / time.Second)},
		{Key: "min_segment_size", Value: 1},
		{Key: "allow_async_delete", Value: o.AllowAsyncDelete},
	}}}
}

// Middleware returns the filter.
func (o Options) Middleware(s feature.Site) (swift.Middleware, error) {
	queue, _ := s.Store.(objstore.DeletionQueue)
	return New(o, queue), nil
}
