// SPDX-License-Identifier: Apache-2.0

package symlink

import (
	"needletail/proxy/swift/feature"
)

// Feature describes the filter: the name, the place in the pipeline, the defaults.
var Feature = feature.Feature{
	Name:    "symlink",
	Section: "symlink",
	After: map[string]string{
		"gatekeeper":      "links are sysmeta, which must not come from a client",
		"tempauth":        "each hop is authorized for the one who asks",
		"keystoneauth":    "each hop is authorized for the one who asks",
		"copy":            "a copy of a link, made with symlink=get, is the PUT of a link",
		"slo":             "a link to a manifest has the content of its segments",
		"dlo":             "a link to a manifest has the content of its segments",
		"versionedwrites": "it asks for links with symlink=get",
	},
	Defaults: func() feature.Options { o := DefaultOptions(); return &o },
}
