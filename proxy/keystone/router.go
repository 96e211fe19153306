package keystone

import (
	"fmt"
	"strings"

	"needletail/proxy/web"
)

// route is a line of the table. A segment "{x}" of the pattern takes any
// non-empty text. action is Keystone's policy name, which a 403 shows.
type route struct {
	method, pattern string
	action          string
	rule            rule
	handle          func(*call) (*web.Response, error)
	segments        []string
}

// newRoutes checks and prepares a table.
func newRoutes(table []route) []route {
	for i := range table {
		r := &table[i]
		if r.rule.allow == nil || r.handle == nil {
			panic(fmt.Sprintf("keystone: %s %s has no rule or handler", r.method, r.pattern))
		}
		r.segments = strings.Split(r.pattern, "/")
	}
	return table
}

// match gives the parameters of a path, in segments.
func (r *route) match(path []string) (map[string]string, bool) {
	if len(path) != len(r.segments) {
		return nil, false
	}
	var params map[string]string
	for i, s := range r.segments {
		switch {
		case strings.HasPrefix(s, "{"):
			if path[i] == "" {
				return nil, false
			}
			if params == nil {
				params = map[string]string{}
			}
			params[s[1:len(s)-1]] = path[i]
		case s != path[i]:
			return nil, false
		}
	}
	return params, true
}

// route finds the call's route. HEAD is GET where it is no route of its own.
func (h *handler) route(c *call) error {
	path := strings.Split(strings.TrimRight(c.Path, "/"), "/")
	var head *route
	var headParams map[string]string
	known := false
	for i := range h.routes {
		r := &h.routes[i]
		params, ok := r.match(path)
		if !ok {
			continue
		}
		known = true
		if r.method == c.Method {
			c.route, c.params = r, params
			return nil
		}
		if r.method == "GET" && c.Method == "HEAD" && head == nil {
			head, headParams = r, params
		}
	}
	if head != nil {
		c.route, c.params = head, headParams
		return nil
	}
	if known {
		return newError(405, "The method is not allowed for the requested URL.")
	}
	return newError(404, "The requested URL was not found on the server. If you entered the URL manually please check your spelling and try again.")
}
