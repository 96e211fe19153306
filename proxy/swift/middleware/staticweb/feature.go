// SPDX-License-Identifier: Apache-2.0

package staticweb

import (
	"needletail/proxy/swift/feature"
)

// Feature describes the filter: the name, the place in the pipeline, the defaults.
var Feature = feature.Feature{
	Name:    "staticweb",
	Section: "staticweb",
	After: map[string]string{
		"tempurl":      "it tells tempurl that a listing is its own, and puts the signature into links",
		"tempauth":     "it is there for the anonymous, and reads pages as whoever asks",
		"keystoneauth": "it is there for the anonymous, and reads pages as whoever asks",
	},
	Defaults: func() feature.Options { o := DefaultOptions(); return &o },
}
