// SPDX-License-Identifier: Apache-2.0

package keystoneauth

import (
	"needletail/proxy/swift"
	"needletail/proxy/swift/feature"
)

// Validate accepts all settings. They come from [keystone], [keystoneauth] and
// identity.operator_roles of the file.
func (c Config) Validate() error { return nil }

// Info returns no section of /info.
func (c Config) Info(feature.Site) []swift.InfoSection { return nil }

// Middleware returns the filter.
func (c Config) Middleware(feature.Site) (swift.Middleware, error) { return New(c), nil }
