// SPDX-License-Identifier: Apache-2.0

// Package auth has the identity of a sender, the questions about rights and the
// answers. The package knows nothing of HTTP: proxy/swift/middleware/tempauth
// and keystoneauth bring the identities, and proxy/swift asks the questions, in
// one place.
//
// Vocabulary: an Identity is the verified sender of a request; an Access is a
// question about a right of the sender; a Grant is the answer. An Authorizer
// gives answers. Nothing is allowed without an Authorizer's Grant.
package auth

// Identity is the sender of a request, as a verified token names the sender. An
// Identity comes from tokens alone, never from headers that a client can set.
type Identity struct {
	// Source is the system behind the token: "tempauth" or "keystone".
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
	// The domain in scope; empty for a token without a domain scope.
	DomainID    string
	DomainName  string
	SystemScope bool // the whole system is in scope

	Roles []string // Keystone's role names on the scope
	// Groups are TempAuth's: the account, "account:user", and the groups in the
	// user's line of the configuration.
	Groups []string
	// ServiceRoles (ServiceGroups for TempAuth) come from X-Service-Token.
	ServiceRoles  []string
	ServiceGroups []string

	// AccessRules limit the token to certain requests. nil: no limits; empty:
	// the token is good for nothing.
	AccessRules []AccessRule
}

// Access is a question to an Authorizer: may the identity do this? The parts
// are the parts of swift.authorize
// (swift/common/middleware/{tempauth,keystoneauth}.py).
type Access struct {
	Method    string
	Account   string
	Container string
	Object    string
	// ACL is the container's read ACL or write ACL, depending on the route; ""
	// without an ACL or without a container.
	ACL string
	// AccountACL is the account's X-Account-Access-Control, canonical JSON.
	AccountACL string
	// AccountProjectDomainID is the account's project-domain-id sysmeta.
	AccountProjectDomainID string
	Referer                string
}

// Grant is the answer of an Authorizer. The zero value denies.
type Grant struct {
	Allowed bool
	// Owner may see and set Swift's "swift_owner" metadata: ACLs and keys.
	Owner bool
	// Reseller may set quotas and create or delete accounts.
	Reseller bool
}

// Authorizer answers questions about rights. id is nil for a request without a
// valid token. The caller renders a denial: 403 with an identity, 401 without.
type Authorizer interface {
	Authorize(id *Identity, a Access) Grant
}
