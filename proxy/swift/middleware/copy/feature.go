// SPDX-License-Identifier: Apache-2.0

package copy

import (
	"needletail/proxy/swift"
	"needletail/proxy/swift/feature"
)

// Feature describes the filter: the name, the place in the pipeline, the defaults.
var Feature = feature.Feature{
	Name: "copy",
	After: map[string]string{
		"gatekeeper":   "it hands the source's sysmeta to the target, and none of the client's",
		"tempauth":     "source and target are authorized for the one who asks",
		"keystoneauth": "source and target are authorized for the one who asks",
	},
	Defaults: feature.Plain(
		func(s feature.Site) swift.Middleware { return New(s.Limits) },
		nil,
	),
}
