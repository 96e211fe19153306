package catcherrors

import (
	"needletail/proxy/swift"
	"needletail/proxy/swift/feature"
)

// Feature is the filter, and its place in the pipeline.
var Feature = feature.Feature{
	Name: "catcherrors",
	Defaults: feature.Plain(
		func(s feature.Site) swift.Middleware { return New(s.Log) },
		nil,
	),
}
