// SPDX-License-Identifier: Apache-2.0

package glance

import (
	"needletail/proxy/glance/wire"
	"needletail/proxy/pyjson"
	"needletail/proxy/web"
)

// The lists of versions. The first version of a list is the current version
// (glance/api/versions.py).
var (
	// versions are the versions that Glance 25 lists with an image cache and a
	// single store. Clients find the service by the list.
	versions = []string{"v2.16", "v2.15", "v2.14", "v2.9", "v2.7", "v2.6", "v2.5", "v2.4", "v2.3", "v2.2", "v2.1", "v2.0"}
	// features are the versions with routes at this site. glanceclient asks for a
	// version before the client uses a feature of the version. 2.14 and 2.16 belong
	// to the image cache, which this site does not have. 2.12 is the tasks of an
	// image and 2.13 is the usage: Glance lists both only with several stores, but
	// serves both with a single store too.
	features = []string{"v2.15", "v2.13", "v2.12", "v2.9", "v2.7", "v2.6", "v2.5", "v2.4", "v2.3", "v2.2", "v2.1", "v2.0"}
)

// versionsName is the first segment of the path that asks for the features.
const versionsName = "versions"

// showVersions answers every path without a version with 300 and versions. The
// path /versions gets 200 and features.
func (s *service) showVersions(r *web.Request) *web.Response {
	status, reason, shown := 300, "Multiple Choices", versions
	if firstSegment(r.Path) == versionsName {
		status, reason, shown = 200, "OK", features
	}
	base := s.PublicURL
	if base == "" {
		base = r.BaseURL()
	}
	list := make([]pyjson.Object, len(shown))
	for i, id := range shown {
		support := "SUPPORTED"
		if i == 0 {
			support = "CURRENT"
		}
		list[i] = pyjson.Object{
			{Key: "id", Value: id},
			{Key: "status", Value: support},
			{Key: "links", Value: []pyjson.Object{{{Key: "rel", Value: "self"}, {Key: "href", Value: base + "/v2/"}}}},
		}
	}
	res := wire.JSON(status, pyjson.Object{{Key: "versions", Value: list}})
	res.Reason = reason
	return res
}
