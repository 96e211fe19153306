// SPDX-License-Identifier: Apache-2.0

package listendpoints

import (
	"needletail/proxy/swift/feature"
)

// Feature describes the filter: the name, the place in the pipeline, the defaults.
var Feature = feature.Feature{
	Name:    "listendpoints",
	Section: "list_endpoints",
	After: map[string]string{
		"domainremap": "a container may have objects of that name",
	},
	Defaults: func() feature.Options { o := DefaultOptions(); return &o },
}
