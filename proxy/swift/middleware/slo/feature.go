// SPDX-License-Identifier: Apache-2.0

package slo

import (
	"needletail/proxy/swift/feature"
)

// Feature describes the filter: the name, the place in the pipeline, the defaults.
var Feature = feature.Feature{
	Name:    "slo",
	Section: "slo",
	After: map[string]string{
		"gatekeeper":   "manifests are sysmeta, which must not come from a client",
		"tempauth":     "the segments are authorized for the one who asks",
		"keystoneauth": "the segments are authorized for the one who asks",
		"copy":         "a copy of a manifest has the content of its segments",
		"dlo":          "the segments of a dynamic large object may be large objects themselves",
	},
	Defaults: func() feature.Options { o := DefaultOptions(); return &o },
}
