// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"strings"

	"needletail/objstore"
	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// cors has the permissions of a container for pages of foreign origins
// (swift/proxy/controllers/base.py: headers_to_container_info).
type cors struct {
	allow  []string // origins, or "*"
	star   bool     // the container's own list is "*"
	expose []string
	maxAge string
}

const corsPrefix = "X-Container-Meta-Access-Control-"

// corsOf returns the permissions in a container's metadata, together with the
// server's own.
func (c *Controllers) corsOf(m objstore.Metadata) cors {
	own := m.Get(corsPrefix + "Allow-Origin")
	return cors{
		allow:  append(strings.Fields(own), c.CORSAllowOrigin...),
		star:   strings.TrimSpace(own) == "*",
		expose: append(strings.Fields(m.Get(corsPrefix+"Expose-Headers")), c.CORSExposeHeaders...),
		maxAge: m.Get(corsPrefix + "Max-Age"),
	}
}

// allows reports whether pages of the origin are allowed.
func (o cors) allows(origin string) bool {
	for _, a := range o.allow {
		if a == "*" || a == origin {
			return true
		}
	}
	return false
}

// containerCORS returns the permissions of a container. A missing container
// adds none to the server's own.
func (c *Controllers) containerCORS(r *swift.Request, p swift.Path) cors {
	info, err := r.ContainerInfo(c.Store, p.ContainerID())
	if err != nil {
		return c.corsOf(nil)
	}
	return c.corsOf(info.Metadata)
}

// setOrigin names the origin, or "*" if the container allows every origin.
func (o cors) setOrigin(h *web.Header, origin string) {
	if o.star {
		h.Set("Access-Control-Allow-Origin", "*")
		return
	}
	h.Set("Access-Control-Allow-Origin", origin)
	vary := "Origin"
	if v := h.Get("Vary"); v != "" {
		vary += ", " + v
	}
	h.Set("Vary", vary)
}

// options answers OPTIONS. Without Origin, and for an account, the answer lists
// the methods. A preflight must be allowed by the container, else it is 401.
func (c *Controllers) options(r call) (*web.Response, error) {
	of := resourceOf(r.path)
	allowed := c.allowed(of)
	res := web.StatusPage(200)
	res.Header.Add("Allow", strings.Join(allowed, ", "))
	origin := r.Header.Get("Origin")
	if origin == "" || of == swift.AccountResource {
		return res, nil
	}
	o := c.containerCORS(r.Request, r.path)
	method := r.Header.Get("Access-Control-Request-Method")
	if !o.allows(origin) || !contains(allowed, method) {
		return nil, &web.StatusError{Status: 401, Header: append(web.Header{
			{Name: "Allow", Value: strings.Join(allowed, ", ")},
		}, unauthorizedHeader(r)...)}
	}
	res.Header.Del("Content-Type") // a preflight's answer has the lines below alone
	o.setOrigin(&res.Header, origin)
	if o.maxAge != "" {
		res.Header.Add("Access-Control-Max-Age", o.maxAge)
	}
	res.Header.Add("Access-Control-Allow-Methods", strings.Join(allowed, ", "))
	if wanted := splitList(r.Header.Get("Access-Control-Request-Headers")); len(wanted) > 0 {
		res.Header.Add("Access-Control-Allow-Headers", strings.Join(wanted, ", "))
		if v := res.Header.Get("Vary"); v != "" {
			res.Header.Set("Vary", v+", Access-Control-Request-Headers")
		} else {
			res.Header.Set("Vary", "Access-Control-Request-Headers")
		}
	}
	return res, nil
}

func unauthorizedHeader(r call) web.Header {
	return web.ErrorResponse(swift.Unauthorized(r.path.Account)).Header
}

// alwaysExposed are the response headers that pages of every allowed origin may
// read (swift/proxy/controllers/base.py: cors_validation).
var alwaysExposed = []string{
	"cache-control", "content-language", "content-type", "expires", "last-modified",
	"pragma", "etag", "x-timestamp", "x-trans-id", "x-openstack-request-id",
}

// allowOrigin adds the CORS lines to the answer to a request with an Origin, if
// the container allows the origin. An error gets the lines too.
func (c *Controllers) allowOrigin(r *swift.Request, p swift.Path, origin string, res *web.Response, err error) (*web.Response, error) {
	o := c.containerCORS(r, p)
	if !o.allows(origin) && !c.LooseCORS {
		return res, err
	}
	if err != nil {
		res = web.ErrorResponse(err)
	}
	expose := append([]string(nil), alwaysExposed...)
	for _, f := range res.Header {
		name := strings.ToLower(f.Name)
		if strings.HasPrefix(name, "x-container-meta-") || strings.HasPrefix(name, "x-object-meta-") {
			expose = append(expose, name)
		}
	}
	for _, name := range o.expose {
		if name = strings.ToLower(strings.Trim(name, ",")); name != "" && !contains(expose, name) {
			expose = append(expose, name)
		}
	}
	o.setOrigin(&res.Header, origin)
	res.Header.Set("Access-Control-Expose-Headers", strings.Join(expose, ", "))
	return res, nil
}

// splitList splits a comma-separated list. Empty and repeated elements are left
// out.
func splitList(s string) (list []string) {
	for _, e := range strings.Split(s, ",") {
		if e = strings.TrimSpace(e); e != "" && !contains(list, e) {
			list = append(list, e)
		}
	}
	return list
}

func contains(list []string, s string) bool {
	for _, e := range list {
		if e == s {
			return true
		}
	}
	return false
}
