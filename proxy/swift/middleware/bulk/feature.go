package bulk

import (
	"needletail/proxy/swift/feature"
)

// Feature is the filter, and its place in the pipeline.
var Feature = feature.Feature{
	Name:    "bulk",
	Section: "bulk",
	After: map[string]string{
		"gatekeeper":  "it passes lines of the client on",
		"domainremap": "it looks at the names in the path",
	},
	Defaults: func() feature.Options { o := DefaultOptions(); return &o },
}
