// SPDX-License-Identifier: Apache-2.0

package keystone

import (
	"needletail/proxy/pyjson"
	"needletail/proxy/web"
)

// version returns the document of v3 (keystone/server/flask/application and
// keystone/api/discovery.py).
func (c *call) version() pyjson.Object {
	return pyjson.Object{
		{Key: "id", Value: "v3.14"}, {Key: "status", Value: "stable"},
		{Key: "updated", Value: "2020-04-07T00:00:00Z"},
		{Key: "links", Value: []pyjson.Object{{{Key: "rel", Value: "self"}, {Key: "href", Value: c.base + "/v3/"}}}},
		{Key: "media-types", Value: []pyjson.Object{{
			{Key: "base", Value: jsonType},
			{Key: "type", Value: "application/vnd.openstack.identity-v3+json"},
		}}},
	}
}

// versions answers "/" with 300 and the list of versions. Clients discover v3
// from the list.
func versions(c *call) (*web.Response, error) {
	res := exact(300, pyjson.Object{{Key: "versions", Value: pyjson.Object{
		{Key: "values", Value: []pyjson.Object{c.version()}},
	}}})
	res.Header.Add("Location", c.base+"/v3/")
	return res, nil
}

// versionThree answers "/v3".
func versionThree(c *call) (*web.Response, error) {
	return exact(200, pyjson.Object{{Key: "version", Value: c.version()}}), nil
}

// health is oslo.middleware's healthcheck.
func health(*call) (*web.Response, error) {
	return web.NewBytes(200, "text/plain; charset=UTF-8", []byte("OK")), nil
}
