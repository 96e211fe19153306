package domainremap

import (
	"needletail/proxy/swift/feature"
)

// Feature is the filter, and its place in the pipeline.
var Feature = feature.Feature{
	Name:    "domainremap",
	Section: "domain_remap",
	After: map[string]string{
		"healthcheck": "a load balancer asks by the host's name, not by an account's",
		"cnamelookup": "it takes apart the name that was found",
	},
	Defaults: func() feature.Options { o := DefaultOptions(); return &o },
}
