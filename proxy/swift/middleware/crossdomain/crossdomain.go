// SPDX-License-Identifier: Apache-2.0

// Package crossdomain answers GET /crossdomain.xml with a cross-domain policy,
// for pages that reach the server through Flash, Java or Silverlight
// (swift/common/middleware/crossdomain.py). It needs no token.
package crossdomain

import (
	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// DefaultPolicy lets every page in.
const DefaultPolicy = `<allow-access-from domain="*" secure="false" />`

// New makes the middleware.
func New(c Options) swift.Middleware {
	if c.Policy == "" {
		c.Policy = DefaultPolicy
	}
	body := []byte(`<?xml version="1.0"?>` + "\n" +
		`<!DOCTYPE cross-domain-policy SYSTEM "http://www.adobe.com/xml/dtds/cross-domain-policy.dtd" >` + "\n" +
		"<cross-domain-policy>\n" + c.Policy + "\n</cross-domain-policy>")
	return func(next swift.Handler) swift.Handler {
		return swift.HandlerFunc(func(r *swift.Request) (*web.Response, error) {
			if r.Path != "/crossdomain.xml" || r.Method != "GET" {
				return next.Serve(r)
			}
			return web.NewBytes(200, "application/xml", body), nil
		})
	}
}
