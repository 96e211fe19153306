// SPDX-License-Identifier: Apache-2.0

// Package listendpoints tells where the bytes of an object, container or
// account are, for software that moves its computing there
// (swift/common/middleware/list_endpoints.py):
//
//	GET /endpoints/ACCOUNT[/CONTAINER[/OBJECT]]      a JSON list of URLs
//	GET /endpoints/v1/ACCOUNT[/…]                    the same
//	GET /endpoints/v2/ACCOUNT[/…]                    {"endpoints": […], "headers": {…}}
//
// This server is one process, so there is one URL: the resource's own below the
// server's, with "v1" in place of a device and a partition. Headers have the
// index of the policy of an object's container, or of the default policy
// without a container. Another method is 405, a path without an account or with
// an unknown version 400.
//
// The feature asks for no token, and so tells a stranger an object's policy:
// use it in trusted networks.
package listendpoints

import (
	"strconv"
	"strings"

	"needletail/objstore"
	"needletail/proxy/pyjson"
	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// DefaultPath is where endpoints are asked for.
const DefaultPath = "/endpoints/"

// New makes the middleware; containers are looked up in store.
func New(c Options, store objstore.ContainerStore, policies objstore.Policies) swift.Middleware {
	if c.Path == "" {
		c.Path = DefaultPath
	}
	if !strings.HasSuffix(c.Path, "/") {
		c.Path += "/"
	}
	return func(next swift.Handler) swift.Handler {
		return swift.HandlerFunc(func(r *swift.Request) (*web.Response, error) {
			rest, ok := strings.CutPrefix(r.Path, c.Path)
			if !ok {
				return next.Serve(r)
			}
			if r.Method != "GET" {
				return nil, &web.StatusError{Status: 405, Header: web.Header{{Name: "Allow", Value: "GET"}}}
			}
			version, path, err := parse(rest)
			if err != nil {
				return nil, err
			}
			endpoints := []string{r.BaseURL() + "/v1/" + web.Quote(join(path))}
			if version == 1 {
				return web.NewBytes(200, jsonType, pyjson.Marshal(endpoints)), nil
			}
			headers := pyjson.Object{}
			if path.Object != "" {
				index := policies.Default().Index
				info, err := r.ContainerInfo(store, path.ContainerID())
				if err == nil {
					index = info.Policy
				}
				headers.Set("X-Backend-Storage-Policy-Index", strconv.Itoa(int(index)))
			}
			return web.NewBytes(200, jsonType, pyjson.Marshal(pyjson.Object{
				{Key: "endpoints", Value: endpoints}, {Key: "headers", Value: headers},
			})), nil
		})
	}
}

const jsonType = "application/json"

// join returns the path without its version: the end of an endpoint.
func join(p swift.Path) string {
	s := p.Account
	for _, name := range []string{p.Container, p.Object} {
		if name != "" {
			s += "/" + name
		}
	}
	return s
}

// parse reads [VERSION/]ACCOUNT[/CONTAINER[/OBJECT]]. A first element with 'v'
// at its beginning and without '_' counts as a version.
func parse(rest string) (version int, p swift.Path, err error) {
	version = 1
	first, after, _ := strings.Cut(rest, "/")
	number, err := strconv.ParseFloat(strings.TrimLeft(first, "v"), 64)
	switch {
	case err == nil && (number == 1 || number == 2):
		version, rest = int(number), after
	case strings.HasPrefix(first, "v") && !strings.Contains(first, "_"):
		return 0, p, web.Statusf(400, "Unsupported version '%s'", first)
	}
	parts := strings.SplitN(rest, "/", 3)
	for i, to := range []*string{&p.Account, &p.Container, &p.Object} {
		if i < len(parts) {
			*to = parts[i]
		}
	}
	if p.Account == "" || p.Container == "" && p.Object != "" || objstore.AccountName(p.Account).Hidden() {
		return 0, p, web.Statusf(400, "No account specified")
	}
	return version, p, nil
}
