// SPDX-License-Identifier: Apache-2.0

package accountquotas

import (
	"needletail/proxy/swift"
	"needletail/proxy/swift/feature"
)

// Feature describes the filter: the name, the place in the pipeline, the defaults.
var Feature = feature.Feature{
	Name: "accountquotas",
	After: map[string]string{
		"gatekeeper":      "quotas are sysmeta, which must not come from a client",
		"tempauth":        "it asks who is a reseller, and who could have made the upload",
		"keystoneauth":    "it asks who is a reseller, and who could have made the upload",
		"copy":            "the length of a copy is that of its source",
		"containerquotas": "the container's answer comes first, as in Swift",
	},
	Defaults: feature.Plain(
		func(s feature.Site) swift.Middleware { return New(s.Totals, s.Policies) },
		func(_ feature.Site) swift.InfoSection { return *Info() },
	),
}
