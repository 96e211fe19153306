// SPDX-License-Identifier: Apache-2.0

package domainremap

import (
	"needletail/proxy/swift/feature"
)

// Feature describes the filter: the name, the place in the pipeline, the defaults.
var Feature = feature.Feature{
	Name:    "domainremap",
	Section: "domain_remap",
	After: map[string]string{
		"healthcheck": "a load balancer asks by the host's name, not by an account's",
		"cnamelookup": "it takes apart the name that was found",
	},
	Defaults: func() feature.Options { o := DefaultOptions(); return &o },
}
