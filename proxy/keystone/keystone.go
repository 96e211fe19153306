// SPDX-License-Identifier: Apache-2.0

package keystone

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"strings"

	"needletail/auth"
	"needletail/auth/identity"
	"needletail/proxy/web"
	"needletail/proxy/web/router"
)

// Config is the configuration of a handler.
type Config struct {
	Service *identity.Service
	// PublicURL is the URL of this handler's "/", without a trailing slash:
	// "https://cloud.example/identity". If "", links follow the request.
	PublicURL string
	// ListLimit cuts lists to a length, and a cut list says "truncated"
	// (Keystone's list_limit). 0: lists are not cut.
	ListLimit int
}

// New makes the handler. The handler takes paths below Request.BasePath: "",
// "/", "/v3…".
func New(c Config) web.Handler {
	return &handler{svc: c.Service, publicURL: strings.TrimRight(c.PublicURL, "/"), table: newTable(routes()), listLimit: c.ListLimit}
}

// handler is the Identity API.
type handler struct {
	svc       *identity.Service
	publicURL string
	table     *router.Table[route]
	listLimit int
}

// call is a request on a route.
type call struct {
	*web.Request
	svc     *identity.Service
	base    string // where "/" is, without the slash
	caller  *identity.Token
	subject *identity.Token
	params  router.Params
	route   *route

	listLimit int
}

// Context returns the request's context with the client's address and a look at
// the client: the queue for hashing passwords gives clients equal shares, and
// clients that have left no share.
func (c *call) Context() context.Context {
	ctx := identity.WithClient(c.Request.Context(), c.RemoteAddr)
	return identity.WithLeft(ctx, c.Left)
}

// Serve answers every request with a response, except a request whose body
// failed to arrive: the front knows how to answer such a request.
func (h *handler) Serve(r *web.Request) (*web.Response, error) {
	c := &call{Request: r, svc: h.svc, base: h.base(r), listLimit: h.listLimit}
	res, err := h.serve(c)
	if err != nil {
		if res = c.errorResponse(err); res == nil {
			return nil, err
		}
		if res.Status >= 500 {
			c.Log.Cause = err
		}
	}
	res.Header.Set("Vary", "X-Auth-Token")
	res.Header.Set("x-openstack-request-id", newRequestID())
	return res, nil
}

// serve authenticates the caller, finds the route, asks the rule and runs the
// handler, in this order: an invalid token is 401 on every path.
func (h *handler) serve(c *call) (*web.Response, error) {
	if err := c.authenticate(); err != nil {
		return nil, err
	}
	if err := h.route(c); err != nil {
		return nil, err
	}
	allowed, err := c.route.rule.allow(c)
	if err != nil {
		return nil, err
	}
	if !allowed {
		if c.caller == nil {
			return nil, c.unauthorized()
		}
		return nil, forbidden("You are not authorized to perform the requested action: " + c.route.action + ".")
	}
	return c.route.handle(c)
}

// authenticate finds the caller. An invalid token is refused on every path, as
// in Keystone's auth context middleware.
func (c *call) authenticate() error {
	text := c.Header.Get("X-Auth-Token")
	if text == "" {
		return nil
	}
	caller, err := c.svc.ValidateToken(text, false)
	if err != nil {
		e := newError(401, msgUnauthorized)
		e.authURI = c.base
		return e
	}
	switch {
	case caller.OfEC2Key() && !c.validatesItself(text):
		return forbidden("EC2 credential tokens cannot be used for authorization.")
	case !c.followsRules(caller):
		return c.unauthorized()
	}
	c.caller = caller
	c.Log.User = caller.User.Name
	c.Granted(true)
	return nil
}

// tokensPath is the path for making, showing and ending tokens.
const tokensPath = "/v3/auth/tokens"

// path returns the request's path without slashes at the end.
func (c *call) path() string { return strings.TrimRight(c.Path, "/") }

// validatesItself says whether the request asks about the very token that the
// request is sent with. The token of an EC2 key is good for no more here: EC2
// keys are for the object store
// (keystone/server/flask/request_processing/middleware).
func (c *call) validatesItself(text string) bool {
	return (c.Method == "GET" || c.Method == "HEAD") && c.path() == tokensPath && c.Header.Get("X-Subject-Token") == text
}

// followsRules says whether the caller's access rules allow the request. The
// validation of a token is always allowed.
func (c *call) followsRules(caller *identity.Token) bool {
	id := auth.Identity{AccessRules: caller.AccessRules}
	return c.Method == "GET" && c.path() == tokensPath || id.MayRequest("identity", c.Method, c.path())
}

// base returns the public URL, or the request's URL without a default port.
func (h *handler) base(r *web.Request) string {
	if h.publicURL != "" {
		return h.publicURL
	}
	host := r.Host
	if r.Scheme == "https" {
		host = strings.TrimSuffix(host, ":443")
	} else {
		host = strings.TrimSuffix(host, ":80")
	}
	return r.Scheme + "://" + host + r.BasePath
}

// self returns the URL of the request, for links.
func (c *call) self() string {
	self := c.base + (&url.URL{Path: strings.TrimRight(c.Path, "/")}).EscapedPath()
	if c.RawQuery != "" {
		self += "?" + c.RawQuery
	}
	return self
}

// newRequestID returns "req-" and a random UUID, as oslo.middleware's request
// ids.
func newRequestID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // crypto/rand.Read does not fail
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("req-%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
