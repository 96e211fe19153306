// SPDX-License-Identifier: Apache-2.0

package tempurl

import (
	"needletail/proxy/swift"
	"needletail/proxy/swift/feature"
)

// Feature describes the filter: the name, the place in the pipeline, the defaults.
var Feature = feature.Feature{
	Name: "tempurl",
	After: map[string]string{
		"gatekeeper":  "staticweb's X-Backend-Content-Generator opens a container's root, and must not leave",
		"healthcheck": "a load balancer signs nothing",
		"domainremap": "the path is signed as it is in Swift's API",
	},
	Defaults: feature.Plain(
		func(s feature.Site) swift.Middleware { return New(configOf(s)) },
		func(s feature.Site) swift.InfoSection { return *Info(configOf(s)) },
	),
}

func configOf(s feature.Site) Config { return Config{Digests: s.Digests, Keys: s.Store} }
