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

// Config says what a handler serves.
type Config struct {
	Service *identity.Service
	// PublicURL is where clients find "/" of this handler, without a trailing
	// slash: "https://cloud.example/identity". If "", links follow the request.
	PublicURL string
	// ListLimit cuts lists, which then say "truncated" (Keystone's list_limit);
	// 0: not at all.
	ListLimit int
}

// New makes the handler. It takes paths that begin below Request.BasePath: "",
// "/", "/v3…".
func New(c Config) web.Handler {
	return &handler{svc: c.Service, publicURL: strings.TrimRight(c.PublicURL, "/"), table: newTable(routes()), listLimit: c.ListLimit}
}

type handler struct {
	svc       *identity.Service
	publicURL string
	table     *router.Table[route]
	listLimit int
}

// call is one request on a route.
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

// Context is the request's, and says which client asks: hashes of passwords are
// shared out among clients.
func (c *call) Context() context.Context {
	return identity.WithClient(c.Request.Context(), c.RemoteAddr)
}

// Serve answers with a response in every case but one: the body failed to
// arrive, which the front knows to answer.
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

// authenticate finds the caller. A token that is not valid is refused on every
// path, as Keystone's auth context middleware does.
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

// tokensPath is where tokens are made, shown and ended.
const tokensPath = "/v3/auth/tokens"

// path is the request's path without the slashes that may end it.
func (c *call) path() string { return strings.TrimRight(c.Path, "/") }

// validatesItself says whether the request asks about the token that it is sent
// with. Nothing else here is for the token of an EC2 key: such keys are for the
// object store (keystone/server/flask/request_processing/middleware).
func (c *call) validatesItself(text string) bool {
	return (c.Method == "GET" || c.Method == "HEAD") && c.path() == tokensPath && c.Header.Get("X-Subject-Token") == text
}

// followsRules says whether the caller's access rules allow the request. To
// validate a token is always allowed.
func (c *call) followsRules(caller *identity.Token) bool {
	id := auth.Identity{AccessRules: caller.AccessRules}
	return c.Method == "GET" && c.path() == tokensPath || id.MayRequest("identity", c.Method, c.path())
}

// base is the public URL, or the request's without a default port.
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

// self is the URL of the request, for links.
func (c *call) self() string {
	self := c.base + (&url.URL{Path: strings.TrimRight(c.Path, "/")}).EscapedPath()
	if c.RawQuery != "" {
		self += "?" + c.RawQuery
	}
	return self
}

func newRequestID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // crypto/rand.Read does not fail
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("req-%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
