// SPDX-License-Identifier: Apache-2.0

package proxylogging

import (
	"needletail/proxy/swift/feature"
)

// Feature describes the filter: the name, the place in the pipeline, the defaults.
var Feature = feature.Feature{
	Name: "proxylogging",
	After: map[string]string{
		"healthcheck": "a load balancer would fill the log",
	},
	Defaults: func() feature.Options { return &Options{} },
}
