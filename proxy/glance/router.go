// SPDX-License-Identifier: Apache-2.0

package glance

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"needletail/proxy/glance/wire"
	"needletail/proxy/web"
	"needletail/proxy/web/router"
)

// Serve answers a request.
func (s *service) Serve(r *web.Request) (*web.Response, error) {
	path, ok := splitVersion(r)
	if !ok {
		return s.showVersions(r), nil
	}
	id, err := requestID(r)
	var res *web.Response
	if err == nil {
		res, err = s.serveV2(r, path, id)
	}
	if err != nil {
		f := asFailure(err)
		if f == nil {
			return nil, err
		}
		if f.Status >= 500 {
			r.Log.Cause = fmt.Errorf("image request %s: %w", id, err)
		}
		res = wire.ErrorPage(r, f)
	}
	res.Header.Add(requestIDHeader, id)
	return res, nil
}

// serveV2 answers a request below "/v2/". The token comes before the route, and
// the route's rule before the handler: a stranger learns nothing about paths.
func (s *service) serveV2(r *web.Request, path, requestID string) (*web.Response, error) {
	who, err := s.authenticate(r)
	if err != nil {
		return nil, err
	}
	rt, vars, err := match(r.Method, path)
	if err != nil {
		return nil, err
	}
	c := &call{Request: r, caller: who, requestID: requestID, vars: vars}
	if strings.Contains(rt.pattern, "{image}") {
		c.image, _ = s.images.find(vars[0])
	}
	if err := rt.rule.allow(who, c.image, rt.action); err != nil {
		if errors.Is(err, errNoImage) {
			return nil, noImage(r.Method, path, vars[0])
		}
		return nil, err
	}
	if rt.bodyless && (r.ContentLength > 0 || r.ContentLength == -1) {
		return nil, wire.Errorf(400, "A body is not expected with this request.")
	}
	return rt.serve(s, c)
}

// table finds the route of a request.
var table = router.New(routes, func(rt *route) (method, pattern string) { return rt.method, rt.pattern })

// match returns the route of a method on a path below "/v2/", and the values of
// the pattern's names. A path without a route is 404; a path whose routes have
// other methods is 405 with Allow.
func match(method, path string) (*route, []string, error) {
	rt, params, allow := table.Find(method, path)
	switch {
	case rt != nil:
		return rt, params.Values(), nil
	case allow == nil:
		return nil, nil, &wire.Error{Status: 404}
	}
	return nil, nil, &wire.Error{Status: 405, Header: web.Header{{Name: "Allow", Value: strings.Join(allow, ", ")}}}
}

// noImage is the answer for an image that is absent or invisible. Glance words the
// answer to a DELETE of an image differently.
func noImage(method, path, id string) error {
	if method == "DELETE" && strings.Count(path, "/") == 1 {
		return wire.Errorf(404, "Failed to find image %s to delete", id)
	}
	return wire.Errorf(404, "No image found with ID %s", id)
}

// splitVersion cuts a known version from the front of the path: "v2", or a
// version of the lists. A media type of the Accept header may name the version
// instead (glance/api/middleware/version_negotiation.py). ok is false for a path
// without a known version, which is answered with the list of versions.
func splitVersion(r *web.Request) (path string, ok bool) {
	const vendor = "application/vnd.openstack.images-"
	path = strings.TrimPrefix(r.Path, "/")
	first, rest, _ := strings.Cut(path, "/")
	if first == versionsName {
		return "", false
	}
	if version, ok := strings.CutPrefix(r.Header.Get("Accept"), vendor); ok {
		return path, isVersion(version)
	}
	return rest, isVersion(first)
}

// firstSegment returns the path's first segment.
func firstSegment(path string) string {
	first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return first
}

// isVersion says whether a client may ask for a version by the name.
func isVersion(name string) bool {
	return name == "v2" || slices.Contains(versions, name) || slices.Contains(features, name)
}
