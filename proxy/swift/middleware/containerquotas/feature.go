// SPDX-License-Identifier: Apache-2.0

package containerquotas

import (
	"needletail/proxy/swift"
	"needletail/proxy/swift/feature"
)

// Feature describes the filter: the name, the place in the pipeline, the defaults.
var Feature = feature.Feature{
	Name: "containerquotas",
	After: map[string]string{
		"tempauth":     "it asks who could have made the upload",
		"keystoneauth": "it asks who could have made the upload",
		"copy":         "the length of a copy is that of its source",
	},
	Defaults: feature.Plain(
		func(s feature.Site) swift.Middleware { return New(s.Totals) },
		func(_ feature.Site) swift.InfoSection { return *Info() },
	),
}
