// SPDX-License-Identifier: Apache-2.0

package dlo

import (
	"needletail/proxy/swift"
	"needletail/proxy/swift/feature"
)

// Feature describes the filter: the name, the place in the pipeline, the defaults.
var Feature = feature.Feature{
	Name: "dlo",
	After: map[string]string{
		"staticweb":    "an index or an error page may be a manifest",
		"tempauth":     "the listing and the segments are authorized for the one who asks",
		"keystoneauth": "the listing and the segments are authorized for the one who asks",
		"copy":         "a copy of a manifest has the content of its segments",
	},
	Defaults: feature.Plain(
		func(s feature.Site) swift.Middleware { return New(s.Limits) },
		nil,
	),
}
