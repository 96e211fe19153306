// SPDX-License-Identifier: Apache-2.0

package keystone

import (
	"fmt"
	"strings"

	"needletail/proxy/web"
	"needletail/proxy/web/router"
)

// route is a row of the table (package router). action is the name of the route
// in Keystone's policy, which a 403 shows.
type route struct {
	method, pattern string
	action          string
	rule            rule
	handle          func(*call) (*web.Response, error)
}

// newTable makes the table of routes. newTable panics for a route without a
// rule or a handler: such a route is a fault of the program.
func newTable(routes []route) *router.Table[route] {
	for _, r := range routes {
		if r.rule.allow == nil || r.handle == nil {
			panic(fmt.Sprintf("keystone: %s %s has no rule or handler", r.method, r.pattern))
		}
	}
	return router.New(routes, func(r *route) (method, pattern string) { return r.method, r.pattern }).HeadIsGet()
}

// route finds the call's route. Slashes at the end of the path do not count.
func (h *handler) route(c *call) error {
	rt, params, allow := h.table.Find(c.Method, c.path())
	switch {
	case rt != nil:
		c.route, c.params = rt, params
		return nil
	case allow == nil:
		return newError(404, "The requested URL was not found on the server. If you entered the URL manually please check your spelling and try again.")
	}
	e := newError(405, "The method is not allowed for the requested URL.")
	e.allow = strings.Join(allow, ", ")
	return e
}
