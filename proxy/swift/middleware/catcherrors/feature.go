// SPDX-License-Identifier: Apache-2.0

package catcherrors

import (
	"needletail/proxy/swift"
	"needletail/proxy/swift/feature"
)

// Feature describes the filter: the name, the place in the pipeline, the defaults.
var Feature = feature.Feature{
	Name: "catcherrors",
	Defaults: feature.Plain(
		func(s feature.Site) swift.Middleware { return New(s.Log) },
		nil,
	),
}
