// SPDX-License-Identifier: Apache-2.0

package healthcheck

import (
	"needletail/proxy/swift/feature"
)

// Feature describes the filter: the name, the place in the pipeline, the defaults.
var Feature = feature.Feature{
	Name:    "healthcheck",
	Section: "healthcheck",
	After: map[string]string{
		"catcherrors": "its answers need a transaction id",
	},
	Defaults: func() feature.Options { o := DefaultOptions(); return &o },
}
