package cnamelookup

import (
	"needletail/proxy/swift/feature"
)

// Feature is the filter, and its place in the pipeline.
var Feature = feature.Feature{
	Name:    "cnamelookup",
	Section: "cname_lookup",
	After: map[string]string{
		"healthcheck": "a load balancer asks by any name",
	},
	Defaults: func() feature.Options { o := DefaultOptions(); return &o },
}
