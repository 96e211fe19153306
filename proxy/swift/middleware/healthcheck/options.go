// SPDX-License-Identifier: Apache-2.0

package healthcheck

import (
	"needletail/proxy/swift"
	"needletail/proxy/swift/feature"
)

// Options take a server out of the rotation of a load balancer.
type Options struct {
	// DisablePath is a file: while the file exists, /healthcheck and
	// /healthcheck/ready answer 503 instead of 200. "": no file does.
	DisablePath string `toml:"disable_path"`
}

// DefaultOptions returns Swift's defaults.
func DefaultOptions() Options { return Options{} }

// Validate accepts every path.
func (o Options) Validate() error { return nil }

// Info returns no section of /info.
func (o Options) Info(feature.Site) []swift.InfoSection { return nil }

// Middleware returns the filter.
func (o Options) Middleware(s feature.Site) (swift.Middleware, error) {
	return New(o.DisablePath, s.Ready), nil
}
