// SPDX-License-Identifier: Apache-2.0

package etagquoter

import (
	"needletail/proxy/swift/feature"
)

// Feature describes the filter: the name, the place in the pipeline, the defaults.
var Feature = feature.Feature{
	Name:    "etagquoter",
	Section: "etag_quoter",
	After: map[string]string{
		"gatekeeper":  "its flags are sysmeta, which must not come from a client",
		"domainremap": "it looks at the names in the path",
	},
	Defaults: func() feature.Options { o := DefaultOptions(); return &o },
}
