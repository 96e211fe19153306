package healthcheck

import (
	"needletail/proxy/swift/feature"
)

// Feature is the filter, and its place in the pipeline.
var Feature = feature.Feature{
	Name:    "healthcheck",
	Section: "healthcheck",
	After: map[string]string{
		"catcherrors": "its answers need a transaction id",
	},
	Defaults: func() feature.Options { o := DefaultOptions(); return &o },
}
