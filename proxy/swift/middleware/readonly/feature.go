package readonly

import (
	"needletail/proxy/swift/feature"
)

// Feature is the filter, and its place in the pipeline.
var Feature = feature.Feature{
	Name:    "readonly",
	Section: "read_only",
	After: map[string]string{
		"gatekeeper": "its flag is sysmeta, which must not come from a client",
		"bulk":       "a bulk delete is a POST; its parts are judged",
	},
	Defaults: func() feature.Options { o := DefaultOptions(); return &o },
}
