package glance

import (
	"needletail/proxy/pyjson"
	"needletail/proxy/swift"
)

// versions are those that Glance 25 lists with an image cache and one store;
// the first is the current one (glance/api/versions.py).
var versions = []string{"v2.16", "v2.15", "v2.14", "v2.9", "v2.7", "v2.6", "v2.5", "v2.4", "v2.3", "v2.2", "v2.1", "v2.0"}

// showVersions answers every path without a version: 300, and 200 for the path
// that asks for the versions by name.
func (s *service) showVersions(r *swift.Request) *swift.Response {
	base := s.PublicURL
	if base == "" {
		base = r.BaseURL()
	}
	list := make([]pyjson.Object, len(versions))
	for i, id := range versions {
		status := "SUPPORTED"
		if i == 0 {
			status = "CURRENT"
		}
		list[i] = pyjson.Object{
			{Key: "id", Value: id},
			{Key: "status", Value: status},
			{Key: "links", Value: []pyjson.Object{{{Key: "rel", Value: "self"}, {Key: "href", Value: base + "/v2/"}}}},
		}
	}
	status, reason := 300, "Multiple Choices"
	if r.Path == "/versions" {
		status, reason = 200, "OK"
	}
	res := jsonResponse(status, pyjson.Object{{Key: "versions", Value: list}})
	res.Reason = reason
	return res
}
