// SPDX-License-Identifier: Apache-2.0

package readonly

import (
	"needletail/proxy/swift/feature"
)

// Feature describes the filter: the name, the place in the pipeline, the defaults.
var Feature = feature.Feature{
	Name:    "readonly",
	Section: "read_only",
	After: map[string]string{
		"gatekeeper": "its flag is sysmeta, which must not come from a client",
		"bulk":       "a bulk delete is a POST; its parts are judged",
	},
	Defaults: func() feature.Options { o := DefaultOptions(); return &o },
}
