// SPDX-License-Identifier: Apache-2.0

package versionedwrites

import (
	"needletail/proxy/swift/feature"
)

// Feature describes the filter: the name, the place in the pipeline, the defaults.
var Feature = feature.Feature{
	Name:    "versionedwrites",
	Section: "versioned_writes",
	After: map[string]string{
		"gatekeeper":   "the archive's name is sysmeta, which must not come from a client",
		"tempauth":     "the write is authorized before the archive is touched",
		"keystoneauth": "the write is authorized before the archive is touched",
		"copy":         "the target of a copy may replace an object",
		"slo":          "manifests are archived, not what they stand for",
		"dlo":          "manifests are archived, not what they stand for",
	},
	Defaults: func() feature.Options { o := DefaultOptions(); return &o },
}
