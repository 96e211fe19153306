// SPDX-License-Identifier: Apache-2.0

package identity

import "time"

// DefaultDomainID is the ID of the domain created by keystone-manage bootstrap.
const DefaultDomainID = "default"

// Domain is a namespace of users, groups, projects and roles.
type Domain struct {
	ID, Name, Description string
	Enabled               bool
	Tags                  []string       `json:",omitempty"`
	Immutable             bool           `json:",omitempty"`
	Extra                 map[string]any `json:",omitempty"`
}

// Project is a tenant. The objects of a project lie in Swift's account
// AUTH_<id>.
type Project struct {
	ID, Name, DomainID, Description string
	ParentID                        string // a project's, or the domain's
	Enabled                         bool
	Tags                            []string       `json:",omitempty"`
	Immutable                       bool           `json:",omitempty"`
	Extra                           map[string]any `json:",omitempty"`
}

// User is a person or program with a login. An empty PasswordHash matches no
// password.
type User struct {
	ID, Name, DomainID string
	Enabled            bool
	DefaultProjectID   string
	PasswordHash       string
	// Options are Keystone's resource options by name, for example
	// lock_password.
	Options map[string]any `json:",omitempty"`
	// Extra holds attributes without a meaning to Keystone: description, email…
	Extra map[string]any `json:",omitempty"`
}

// Role is a name checked by the rules of the services. DomainID is "" for a
// global role. A role of a domain never appears in a token, only the roles
// implied by the role do.
type Role struct {
	ID, Name, DomainID string
	Description        *string
	Immutable          bool
}

// Implication gives the role Implied to all users with the role Prior.
type Implication struct{ Prior, Implied string }

// Target is the kind of thing on which a role is granted.
type Target string

// The kinds of targets. The system has no ID: TargetID is "".
const (
	OnProject Target = "project"
	OnDomain  Target = "domain"
	OnSystem  Target = "system"
)

// Grant gives a role on a target to a user, or to every member of a group.
// Either UserID or GroupID is "".
type Grant struct {
	UserID   string
	GroupID  string `json:",omitempty"`
	Target   Target
	TargetID string
	RoleID   string
	// Inherited: the grant is in effect on all projects below the target, and
	// not on the target itself (Keystone's OS-INHERIT).
	Inherited bool `json:",omitempty"`
}

// Group is a set of users for common grants.
type Group struct {
	ID, Name, DomainID, Description string
	Extra                           map[string]any `json:",omitempty"`
}

// Membership puts a user into a group.
type Membership struct{ GroupID, UserID string }

// AppCredential lets a program log in as its user on one project with some of
// the user's roles there.
type AppCredential struct {
	ID, Name, UserID, ProjectID string
	Description                 *string
	RoleIDs                     []string
	ExpiresAt                   *time.Time
	// Unrestricted: tokens of the credential may create and delete application
	// credentials.
	Unrestricted bool
	SecretHash   string
	// AccessRuleIDs are the rules for requests with the credential's tokens.
	// nil: every request is allowed; empty: no request is allowed.
	AccessRuleIDs []string
}

// AccessRule allows requests with the tokens of an application credential; see
// auth.AccessRule for the meaning of the fields. A rule belongs to a user, can
// be used by all credentials of the user, and stays after the last credential
// is deleted.
type AccessRule struct{ ID, UserID, Service, Method, Path string }

// Trust lets a user, the trustee, act on a project with some roles of a second
// user, the trustor.
type Trust struct {
	ID, TrustorID, TrusteeID, ProjectID string
	// Impersonation: tokens of the trust name the trustor as their user, not
	// the trustee.
	Impersonation bool
	RoleIDs       []string
	ExpiresAt     *time.Time
	RemainingUses *int // tokens that may still be issued; nil: any number
	// Redelegations is the number of trusts allowed below this trust in a
	// chain. RedelegatedFrom is the ID of the trust above, "" at the top.
	Redelegations   int    `json:",omitempty"`
	RedelegatedFrom string `json:",omitempty"`
}

// Credential is a secret of a user: an EC2 key, a TOTP seed… In rows, Blob is
// sealed with the credential keys. In arguments and results of Service's
// methods, Blob is in clear.
type Credential struct {
	ID, UserID, ProjectID, Type, Blob string
}

// RegisteredLimit is the default limit of a resource, for every project and
// domain without a Limit.
type RegisteredLimit struct {
	ID, ServiceID, RegionID, ResourceName string
	DefaultLimit                          int // -1: no limit
	Description                           *string
}

// Limit overrides a registered limit for a project or a domain. Either
// ProjectID or DomainID is "". A ResourceLimit of -1 means no limit.
type Limit struct {
	ID, ProjectID, DomainID, ServiceID, RegionID, ResourceName string
	ResourceLimit                                              int
	Description                                                *string
}

// Region groups endpoints. Regions form a tree by ParentID, "" at the top.
type Region struct {
	ID, Description string
	ParentID        string
	Extra           map[string]any `json:",omitempty"`
}

// CatalogService is a service of the catalog. A disabled service is not shown
// in the catalogs of tokens.
type CatalogService struct {
	ID, Type string
	Enabled  bool
	// Extra holds Keystone's "name" and "description", and the client's
	// attributes.
	Extra map[string]any `json:",omitempty"`
}

// Name returns the service's name, or "".
func (c *CatalogService) Name() string {
	name, _ := c.Extra["name"].(string)
	return name
}

// Endpoint is a URL of a service. URL is a template: see expandURL.
type Endpoint struct {
	ID, ServiceID, Interface, RegionID, URL string
	Enabled                                 bool
	// Bootstrapped: the endpoint follows the public URL of the configuration.
	Bootstrapped bool           `json:",omitempty"`
	Extra        map[string]any `json:",omitempty"`
}

// Revocation ends a single token by its audit ID, or all tokens of a user,
// project, domain or delegation issued at IssuedBefore or earlier. The row is
// deleted after Until: all ended tokens have expired by then, beyond
// ExpiredWindow too.
type Revocation struct {
	ID string
	// The first field set of AuditID, UserID, ProjectID, DomainID and
	// DelegationID names the ended tokens. AuditID names a single token.
	// DomainID names the tokens of the domain's users, and all tokens scoped
	// to the domain or to a project of the domain.
	AuditID   string `json:",omitempty"`
	UserID    string `json:",omitempty"`
	ProjectID string `json:",omitempty"`
	DomainID  string `json:",omitempty"`
	// DelegationID is the application credential or trust of the tokens.
	// OwnerID is the user of the tokens in a row made by the user's own
	// request, else "".
	DelegationID string `json:",omitempty"`
	OwnerID      string `json:",omitempty"`
	IssuedBefore time.Time
	Until        time.Time
}
