// SPDX-License-Identifier: Apache-2.0

// Package tempauth serves TempAuth's login, and finds the user behind
// TempAuth's tokens (swift/common/middleware/tempauth.py). Users, tokens and
// decisions are in auth/tempauth.
//
// # Login
//
//	GET /auth/v1.0, /auth/auth       X-Auth-User: ACCOUNT:USER   X-Auth-Key: KEY
//	GET /auth/v1/ACCOUNT/auth        X-Storage-User: USER        X-Storage-Pass: KEY
//
// Either pair of headers works for either path; with the second path a user in
// X-Auth-User is written ACCOUNT:USER. The answer is 200 with X-Auth-Token,
// X-Storage-Token (the same), X-Auth-Token-Expires (whole seconds from now) and
// X-Storage-Url. A wrong user or key is 401 with the account as realm, a token
// that the proxies' cache does not take is 503, another method 405, an empty path 404, any further path below /auth/ 400.
// After too many failed logins (auth/loginguard) the answer is 429 with
// Retry-After, without a look at the key. Swift has no such limit.
//
// # Tokens
//
// The token is X-Auth-Token, else X-Storage-Token. A token that begins with the
// first reseller prefix is TempAuth's: an invalid token is 401 at once, also
// for public containers. Any other token, and a missing token, is left to the
// next middleware (keystoneauth). The groups of a valid X-Service-Token are the
// identity's ServiceGroups; an invalid service token is ignored. A request with
// an Authorizer (tempurl, formpost) passes unchanged.
//
// # X-Account-Access-Control
//
// On a request of a TempAuth identity the header must be valid; otherwise the
// answer is 400. A request for an account then carries the ACL in canonical
// form, "" to remove the ACL, as X-Account-Sysmeta-Core-Access-Control. The
// controllers store the ACL under this name, and show the ACL to owners as
// X-Account-Access-Control again.
package tempauth

import (
	"errors"

	"needletail/auth"
	"needletail/auth/acl"
	"needletail/auth/authtoken"
	"needletail/auth/loginguard"
	"needletail/auth/tempauth"
	"needletail/proxy/swift"
	"needletail/proxy/web"
)

const aclHeader = "X-Account-Access-Control"

// New returns the middleware.
func New(o Options) swift.Middleware {
	return func(next swift.Handler) swift.Handler {
		m := &middleware{auth: o.Auth, scheme: o.StorageURLScheme, guard: o.Guard, next: next}
		return swift.HandlerFunc(m.serve)
	}
}

type middleware struct {
	auth   *tempauth.Auth
	scheme string
	guard  *loginguard.Guard
	next   swift.Handler
}

// serve answers a login, or gives the request of a TempAuth token an identity.
func (m *middleware) serve(r *swift.Request) (*web.Response, error) {
	if r.Authorizer != nil {
		return m.next.Serve(r)
	}
	if rest, ok := cutLogin(r.Path); ok {
		return m.login(r, rest)
	}
	token := authtoken.UserToken(r.Header.Get)
	if !m.auth.IsToken(token) {
		return m.next.Serve(r)
	}
	id, err := m.auth.Validate(r.Context(), token)
	if errors.Is(err, auth.ErrInvalidToken) {
		path, _ := r.SplitPath()
		return nil, swift.Unauthorized(path.Account)
	} else if err != nil {
		return nil, err
	}
	if serviceToken := authtoken.ServiceToken(r.Header.Get); serviceToken != "" {
		if service, err := m.auth.Validate(r.Context(), serviceToken); err == nil {
			id.ServiceGroups = service.Groups
		}
	}
	r.Identity, r.Authorizer = id, m.auth
	r.Log.User, r.Log.Account = id.UserID, id.ProjectName
	if err := m.checkAccountACL(r); err != nil {
		return nil, err
	}
	return m.next.Serve(r)
}

// checkAccountACL renames a valid account ACL to the header that controllers
// store. Controllers store the header after they have authorized the request.
func (m *middleware) checkAccountACL(r *swift.Request) error {
	value, ok := r.Header.Lookup(aclHeader)
	if !ok {
		return nil
	}
	path, err := r.SplitPath()
	if err != nil || !m.auth.Owns(path.Account) {
		return nil // the controllers will refuse the request
	}
	list, err := acl.ParseAccountACL(value)
	if err != nil {
		return &web.StatusError{
			Status: 400, ContentType: "text/plain; charset=UTF-8",
			Body: aclHeader + " invalid: " + err.Error() + "\n\nInput: " + value + "\n",
		}
	}
	r.Header.Del(aclHeader)
	if path.Container == "" {
		r.Header.Set(swift.AccountACLName, list.String())
	}
	return nil
}
