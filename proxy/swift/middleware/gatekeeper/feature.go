package gatekeeper

import (
	"needletail/proxy/swift"
	"needletail/proxy/swift/feature"
)

// Feature is the filter, and its place in the pipeline.
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
