// SPDX-License-Identifier: Apache-2.0

package ratelimit

import (
	"needletail/proxy/swift/feature"
)

// Feature describes the filter: the name, the place in the pipeline, the defaults.
var Feature = feature.Feature{
	Name:    "ratelimit",
	Section: "ratelimit",
	After: map[string]string{
		"bulk":     "each part of a bulk request counts",
		"readonly": "a refused write counts nothing",
	},
	Defaults: func() feature.Options { o := DefaultOptions(); return &o },
}
