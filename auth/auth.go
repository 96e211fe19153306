// Package auth says who a request comes from and what that identity may do. It
// knows nothing of HTTP: proxy/swift/middleware/tempauth and keystoneauth bring the
// requests, proxy/swift asks the questions, in one place.
//
// Vocabulary: an Identity is a verified answer to "who"; an Access is one
// question "may they"; a Grant is its answer. An Authorizer decides. Nothing is
// allowed that an Authorizer did not allow.
package auth

// Identity is who a request comes from, as one verified token says. It is
// built from tokens alone, never from headers that a client can set.
type Identity struct {
	// Source is the system that vouches: "tempauth" or "keystone".
	Source string

	UserID         string
	UserName       string
	UserDomainID   string
	UserDomainName string

	// The project in scope; empty for unscoped, domain and system tokens.
	ProjectID         string
	ProjectName       string
	ProjectDomainID   string
	ProjectDomainName string
	// The domain in scope, and whether the whole system is.
	DomainID    string
	DomainName  string
	SystemScope bool

	Roles []string // Keystone's role names on the scope
	// Groups are TempAuth's: the account, "account:user", and what the user's
	// configuration line names.
	Groups []string
	// ServiceRoles (ServiceGroups for TempAuth) come from X-Service-Token.
	ServiceRoles  []string
	ServiceGroups []string

	// AccessRules, if not nil, are all that the token may be used for.
	AccessRules []AccessRule
}

// Access is one question to an Authorizer: may the identity do this? It has the
// parts of swift.authorize (swift/common/middleware/{tempauth,keystoneauth}.py).
type Access struct {
	Method    string
	Account   string
	Container string
	Object    string
	// ACL is the container's read or write ACL, whichever the route asks for;
	// "" if there is none or no container.
	ACL string
	// AccountACL is the account's X-Account-Access-Control, canonical JSON.
	AccountACL string
	// AccountProjectDomainID is the account's project-domain-id sysmeta.
	AccountProjectDomainID string
	Referer                string
}

// Grant is an Authorizer's answer. The zero value denies.
type Grant struct {
	Allowed bool
	// Owner may see and set what Swift keeps for "swift_owner": ACLs, keys.
	Owner bool
	// Reseller may set quotas and create or delete accounts.
	Reseller bool
}

// Authorizer decides. id is nil for a request without a valid token. A denial
// is 403 with an identity and 401 without: that is the caller's to render.
type Authorizer interface {
	Authorize(id *Identity, a Access) Grant
}
