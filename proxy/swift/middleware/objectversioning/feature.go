// SPDX-License-Identifier: Apache-2.0

package objectversioning

import (
	"needletail/proxy/swift/feature"
)

// Feature describes the filter: the name, the place in the pipeline, the defaults.
var Feature = feature.Feature{
	Name:    "objectversioning",
	Section: "versioned_writes",
	After: map[string]string{
		"gatekeeper":      "what has versions is sysmeta, which must not come from a client",
		"copy":            "each side of a copy may be a version",
		"slo":             "a version is a manifest, not what it stands for",
		"dlo":             "a version is a manifest, not what it stands for",
		"versionedwrites": "a container has one kind of versions, and its sysmeta says which",
		"symlink":         "a version may be a link, and a link leads to a name, whose version is the target",
	},
	Defaults: func() feature.Options { o := DefaultOptions(); return &o },
}
