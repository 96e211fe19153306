// SPDX-License-Identifier: Apache-2.0

// Package keystoneauth finds the identity behind Keystone tokens, and decides
// about the rights of the identity, as keystonemiddleware's auth_token and
// swift/common/middleware/keystoneauth.py do.
//
// # Tokens
//
// The user's token is X-Auth-Token, else X-Storage-Token; the service's token
// is X-Service-Token. A request with an unknown token of either kind is
// anonymous: public containers stay readable, everything else is 401. If
// Keystone cannot be asked, the answer is 503 with Retry-After, where
// auth_token answers 401: after a 401 clients throw their tokens away, after a
// 503 they try again. A request with an Authorizer (TempAuth's token, tempurl,
// formpost) passes unchanged.
//
// X-Service-Token is checked first. A role of Config.ServiceTokenRoles makes
// the owner a trusted service. A trusted service may send a user's token that
// has expired lately, so that the service can finish an operation for the user.
// The token of an application credential with access rules is good for the
// requests of the rules alone, unless a trusted service sends the token
// (authtoken.Check).
//
// With Config.RefuseAnonymous (delay_auth_decision = false) a request without a
// valid token ends here with auth_token's own 401.
//
// Without a validator there is no Keystone, and every request is anonymous. The
// middleware is in every pipeline all the same, so that each request at a
// controller has an Authorizer.
//
// # Decisions, in this order
//
//  1. OPTIONS: allowed
//  2. anonymous: allowed by referrer alone, below a reseller prefix; listings
//     only with .rlistings
//  3. the reseller admin role: owner, reseller
//  4. a system reader role: GET and HEAD
//  5. DELETE of an account: denied
//  6. an item "project:user" of the container's ACL; referrers as in 2
//  7. an account of a project outside of the token's scope: denied
//  8. an operator role (with a service role, where the prefix wants one): owner
//  9. a project reader role: GET and HEAD
//  10. a listing whose ACL has the referrer without .rlistings: denied
//  11. a role in the container's ACL
//
// The first matching line decides.
//
// # The account's domain
//
// Names in an ACL are only unambiguous within the default domain, so the domain
// of an account's project is kept with the account. A PUT or POST of an account
// and a PUT of a container carry X-Account-Sysmeta-Project-Domain-Id: the
// domain of the token if the account belongs to the token's project, "_unknown"
// otherwise, unless the account has a domain already. Responses show the value
// as X-Account-Project-Domain-Id.
//
// X-Account-Access-Control is TempAuth's and is dropped here.
package keystoneauth

import (
	"errors"

	"needletail/auth"
	"needletail/auth/authtoken"
	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// Source is the auth.Identity.Source of the identities here.
const Source = "keystone"

// Config is the argument of New. Zero values mean Swift's defaults.
type Config struct {
	Validator         auth.TokenValidator // nil: no Keystone
	Rules             []Rules             // nil: DefaultRules
	ResellerAdminRole string              // DefaultResellerAdminRole
	SystemReaderRoles []string
	DefaultDomainID   string // DefaultDomainID
	// PublicPrefixes are further reseller prefixes, "SERVICE_", below which
	// referrers may allow the anonymous: the prefixes of TempAuth's accounts.
	PublicPrefixes []string
	// RefuseNamesInACLs makes ACLs match ids and "*" alone, and no names.
	RefuseNamesInACLs bool
	// ServiceTokenRoles are the roles of a service that may send expired
	// tokens. nil: authtoken.DefaultServiceRoles. ServiceTokenRolesRequired
	// makes the request of a service without such a role anonymous.
	ServiceTokenRoles         []string
	ServiceTokenRolesRequired bool
	// ServiceType is the name of this service in access rules. "":
	// DefaultServiceType.
	ServiceType string
	// RefuseAnonymous is auth_token's delay_auth_decision = false.
	RefuseAnonymous bool
	// AuthURI is Keystone's address for clients. A 401 then carries a second
	// line, Www-Authenticate: Keystone uri="…".
	AuthURI string
}

// DefaultServiceType is Swift's type in the catalog.
const DefaultServiceType = "object-store"

// New makes the middleware.
func New(c Config) swift.Middleware {
	if c.ServiceTokenRoles == nil {
		c.ServiceTokenRoles = authtoken.DefaultServiceRoles()
	}
	if c.ServiceType == "" {
		c.ServiceType = DefaultServiceType
	}
	authz := newAuthorizer(c)
	return func(next swift.Handler) swift.Handler {
		m := &middleware{config: c, authz: authz, next: next, tokens: authtoken.Check{
			Validator: c.Validator, ServiceType: c.ServiceType,
			ServiceRoles: c.ServiceTokenRoles, ServiceRolesRequired: c.ServiceTokenRolesRequired,
		}}
		return swift.HandlerFunc(m.serve)
	}
}

type middleware struct {
	config Config
	authz  *authorizer
	tokens authtoken.Check
	next   swift.Handler
}

// serve gives the request an identity and an Authorizer, and adds Keystone's
// address to a 401.
func (m *middleware) serve(r *swift.Request) (*web.Response, error) {
	if r.Authorizer != nil {
		return m.next.Serve(r)
	}
	r.Authorizer = m.authz
	r.Header.Del("X-Account-Access-Control")
	id, err := m.identify(r)
	if err != nil {
		return nil, err
	}
	if id == nil && m.config.RefuseAnonymous {
		return m.refuse(), nil
	}
	if id != nil {
		r.Identity = id
		r.Log.User, r.Log.Account = id.UserID, id.ProjectName
		if err := m.stampDomain(r); err != nil {
			return nil, err
		}
	}
	res, err := m.next.Serve(r)
	if err != nil {
		var se *web.StatusError
		if m.config.AuthURI == "" || !errors.As(err, &se) || se.Status != 401 {
			return nil, err
		}
		res = web.ErrorResponse(err)
	}
	if res.Status == 401 && m.config.AuthURI != "" {
		res.Header.Add("Www-Authenticate", `Keystone uri="`+m.config.AuthURI+`"`)
	}
	if domain := res.Header.Get(swift.ProjectDomainIDName); domain != "" {
		res.Header.Set(domainHeader, domain)
	}
	return res, nil
}
