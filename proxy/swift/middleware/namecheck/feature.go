// SPDX-License-Identifier: Apache-2.0

package namecheck

import (
	"needletail/proxy/swift/feature"
)

// Feature describes the filter: the name, the place in the pipeline, the defaults.
var Feature = feature.Feature{
	Name:    "namecheck",
	Section: "name_check",
	After: map[string]string{
		"domainremap": "a host name is part of the path too",
	},
	Defaults: func() feature.Options { o := DefaultOptions(); return &o },
}
