// SPDX-License-Identifier: Apache-2.0

package gatekeeper

import (
	"needletail/proxy/swift"
	"needletail/proxy/swift/feature"
)

// Feature describes the filter: the name, the place in the pipeline, the defaults.
var Feature = feature.Feature{
	Name: "gatekeeper",
	After: map[string]string{
		"catcherrors": "its errors need a transaction id too",
	},
	Defaults: feature.Plain(
		func(_ feature.Site) swift.Middleware { return New() },
		nil,
	),
}
