// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"needletail/proxy/swift/feature"
)

// Feature describes the filter: the name, the place in the pipeline, the defaults.
var Feature = feature.Feature{
	Name:    "bulk",
	Section: "bulk",
	After: map[string]string{
		"gatekeeper":  "it passes lines of the client on",
		"domainremap": "it looks at the names in the path",
	},
	Defaults: func() feature.Options { o := DefaultOptions(); return &o },
}
