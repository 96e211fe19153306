// Package keystoneauth says whose Keystone tokens are, and who may do what
// with them: keystonemiddleware's auth_token, and
// swift/common/middleware/keystoneauth.py.
//
// # Tokens
//
// The token is X-Auth-Token, else X-Storage-Token; X-Service-Token is a second
// one. A request with a token that Keystone does not know, or with a service
// token that it does not know, is anonymous: public containers stay readable,
// everything else is 401. A token that could not be checked is 503 with
// Retry-After, where auth_token answers 401: clients retry the one and throw
// away their tokens for the other. A request that has an Authorizer already
// (TempAuth's token, tempurl, formpost) is left alone.
//
// X-Service-Token is looked at first: a role of Config.ServiceTokenRoles makes
// its owner a trusted service. The token of a trusted service's user may have
// expired lately, so that what a service began for a user can come to its end. A
// token of an application credential with access rules is good for what the
// rules name alone, unless a trusted service sends it (authtoken.Check).
//
// With Config.RefuseAnonymous (delay_auth_decision = false) a request without a
// valid token ends here with auth_token's own 401.
//
// Without a validator there is no Keystone, and all that is left is the
// anonymous: this middleware is in every pipeline, so that each request that
// reaches a controller has an Authorizer.
//
// # Decisions, the first that holds
//
//  1. OPTIONS: allowed
//  2. anonymous: allowed by referrer alone, below a reseller prefix; listings
//     only with .rlistings
//  3. the reseller admin role: owner, reseller
//  4. a system reader role: GET and HEAD
//  5. DELETE of an account: denied
//  6. an item "project:user" of the container's ACL; referrers as in 2
//  7. an account that is not that of the token's project: denied
//  8. an operator role (with a service role, where the prefix wants one): owner
//  9. a project reader role: GET and HEAD
//  10. a listing whose ACL has the referrer without .rlistings: denied
//  11. a role that the container's ACL names
//
// # The account's domain
//
// Names in an ACL are only unambiguous within the default domain, so the
// domain of an account's project is kept with the account. A PUT or POST of an
// account and a PUT of a container carry X-Account-Sysmeta-Project-Domain-Id:
// that of the token if the account is its project's; "_unknown" otherwise,
// unless the account has one. Responses show it as X-Account-Project-Domain-Id.
//
// X-Account-Access-Control is TempAuth's; it is dropped here.
package keystoneauth

import (
	"errors"

	"needletail/auth"
	"needletail/auth/authtoken"
	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// Source is the auth.Identity.Source that validators give.
const Source = "keystone"

// Config is what New needs. Zero values mean Swift's defaults.
type Config struct {
	Validator         auth.TokenValidator // nil: no Keystone
	Rules             []Rules             // nil: DefaultRules
	ResellerAdminRole string              // DefaultResellerAdminRole
	SystemReaderRoles []string
	DefaultDomainID   string // DefaultDomainID
	// PublicPrefixes are more reseller prefixes, "SERVICE_", below which the
	// anonymous are allowed by referrer: those of TempAuth's accounts.
	PublicPrefixes []string
	// RefuseNamesInACLs makes ids and "*" the only ones that ACLs mean.
	RefuseNamesInACLs bool
	// ServiceTokenRoles are those of a service that may send expired tokens:
	// authtoken.DefaultServiceRoles. ServiceTokenRolesRequired makes the request of a
	// service without them anonymous.
	ServiceTokenRoles         []string
	ServiceTokenRolesRequired bool
	// ServiceType is what access rules call this service: DefaultServiceType.
	ServiceType string
	// RefuseAnonymous is auth_token's delay_auth_decision = false.
	RefuseAnonymous bool
	// AuthURI is where clients find Keystone. A 401 then carries a second
	// line, Www-Authenticate: Keystone uri="…".
	AuthURI string
}

// DefaultServiceType is Swift's in the catalog.
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
