// SPDX-License-Identifier: Apache-2.0

package crossdomain

import (
	"needletail/proxy/swift/feature"
)

// Feature describes the filter: the name, the place in the pipeline, the defaults.
var Feature = feature.Feature{
	Name:    "crossdomain",
	Section: "crossdomain",
	After: map[string]string{
		"domainremap": "a container may have an object of that name",
	},
	Defaults: func() feature.Options { o := DefaultOptions(); return &o },
}
