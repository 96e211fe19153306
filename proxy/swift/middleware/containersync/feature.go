// SPDX-License-Identifier: Apache-2.0

package containersync

import (
	"needletail/proxy/swift/feature"
)

// Feature describes the filter: the name, the place in the pipeline, the defaults.
var Feature = feature.Feature{
	Name: "containersync",
	After: map[string]string{
		"gatekeeper":  "X-Timestamp is taken out of the way there, and the sysmeta it sets must stay",
		"domainremap": "the path is signed as it is in Swift's API",
		"tempurl":     "its rights are those of the container, whatever else is signed",
		"bulk":        "a peer sends one object at a time",
		"readonly":    "a cluster that takes no writes takes none of peers",
	},
	Defaults: func() feature.Options { return &Options{} },
}
