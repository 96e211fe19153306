// SPDX-License-Identifier: Apache-2.0

package keystoneauth

import (
	"needletail/proxy/swift/feature"
)

// Feature describes the filter: the name, the place in the pipeline, the defaults.
var Feature = feature.Feature{
	Name: "keystoneauth",
	After: map[string]string{
		"bulk":          "each part of a bulk request is authorized by itself",
		"gatekeeper":    "it sets X-Account-Sysmeta-Project-Domain-Id, which must not come from a client",
		"healthcheck":   "a load balancer has no token",
		"tempurl":       "a signature is enough: no token is looked at",
		"formpost":      "a form has no token, and its files are allowed by its signature",
		"containersync": "a signature is enough: no token is looked at",
		"tempauth":      "it takes every request without an Authorizer, also the anonymous",
	},
	Defaults: func() feature.Options { return &Config{} },
}
