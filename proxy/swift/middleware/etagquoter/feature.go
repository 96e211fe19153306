package etagquoter

import (
	"needletail/proxy/swift/feature"
)

// Feature is the filter, and its place in the pipeline.
var Feature = feature.Feature{
	Name:    "etagquoter",
	Section: "etag_quoter",
	After: map[string]string{
		"gatekeeper":  "its flags are sysmeta, which must not come from a client",
		"domainremap": "it looks at the names in the path",
	},
	Defaults: func() feature.Options { o := DefaultOptions(); return &o },
}
