// SPDX-License-Identifier: Apache-2.0

package cnamelookup

import (
	"needletail/proxy/swift/feature"
)

// Feature describes the filter: the name, the place in the pipeline, the defaults.
var Feature = feature.Feature{
	Name:    "cnamelookup",
	Section: "cname_lookup",
	After: map[string]string{
		"healthcheck": "a load balancer asks by any name",
	},
	Defaults: func() feature.Options { o := DefaultOptions(); return &o },
}
