package proxylogging

import (
	"needletail/proxy/swift/feature"
)

// Feature is the filter, and its place in the pipeline.
var Feature = feature.Feature{
	Name: "proxylogging",
	After: map[string]string{
		"healthcheck": "a load balancer would fill the log",
	},
	Defaults: func() feature.Options { return &Options{} },
}
