package identity

import "time"

// DefaultDomainID is the domain that Keystone's bootstrap creates.
const DefaultDomainID = "default"

// Domain holds users and projects.
type Domain struct {
	ID, Name, Description string
	Enabled               bool
	Tags                  []string       `json:",omitempty"`
	Immutable             bool           `json:",omitempty"`
	Extra                 map[string]any `json:",omitempty"`
}

// Project is a tenant: Swift's account AUTH_<id>.
type Project struct {
	ID, Name, DomainID, Description string
	ParentID                        string // a project's, or the domain's
	Enabled                         bool
	Tags                            []string       `json:",omitempty"`
	Immutable                       bool           `json:",omitempty"`
	Extra                           map[string]any `json:",omitempty"`
}

// User is somebody who logs in. PasswordHash is "" for a user who cannot.
type User struct {
	ID, Name, DomainID string
	Enabled            bool
	DefaultProjectID   string
	PasswordHash       string
	// Options are Keystone's resource options: lock_password and so on.
	Options map[string]any `json:",omitempty"`
	// Extra is what Keystone keeps without a meaning: description, email…
	Extra map[string]any `json:",omitempty"`
}

// Role is a name for rights. DomainID is "" for a global role.
type Role struct {
	ID, Name, DomainID string
	Description        *string
	Immutable          bool
}

// Implication makes whoever has the role Prior have Implied too.
type Implication struct{ Prior, Implied string }

// Target is what a role is granted on.
type Target string

// The targets. TargetID is "" for the system.
const (
	OnProject Target = "project"
	OnDomain  Target = "domain"
	OnSystem  Target = "system"
)

// Grant gives a user, or every member of a group, a role on a target. One of
// UserID and GroupID is "".
type Grant struct {
	UserID   string
	GroupID  string `json:",omitempty"`
	Target   Target
	TargetID string
	RoleID   string
	// Inherited grants count on the projects below the target, and not on the
	// target itself (OS-INHERIT).
	Inherited bool `json:",omitempty"`
}

// Group is users who are given roles together.
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
	// Unrestricted tokens may make and delete application credentials.
	Unrestricted bool
	SecretHash   string
	// AccessRuleIDs, if not nil, are all that its tokens may be used for.
	AccessRuleIDs []string
}

// AccessRule is a kind of request that an application credential may be
// limited to; auth.AccessRule says what it means. A user's rules are kept until
// they are deleted, for any of the user's credentials.
type AccessRule struct{ ID, UserID, Service, Method, Path string }

// Trust lets one user, the trustee, act with some roles of another, the
// trustor, on a project.
type Trust struct {
	ID, TrustorID, TrusteeID, ProjectID string
	// Impersonation makes the trustee's tokens be the trustor's.
	Impersonation bool
	RoleIDs       []string
	ExpiresAt     *time.Time
	RemainingUses *int // tokens that may still be issued; nil: any number
	// Redelegations is how many trusts may follow in a chain that this one is a
	// part of, and RedelegatedFrom the trust that it was made with, "" for none.
	Redelegations   int    `json:",omitempty"`
	RedelegatedFrom string `json:",omitempty"`
}

// Credential is a secret that a user keeps: an EC2 key, a TOTP seed… Blob is
// sealed with a key of the credential repository.
type Credential struct {
	ID, UserID, ProjectID, Type, Blob string
}

// RegisteredLimit is how much of a resource a project may have by default.
type RegisteredLimit struct {
	ID, ServiceID, RegionID, ResourceName string
	DefaultLimit                          int // -1: no limit
	Description                           *string
}

// Limit overrides a registered limit for one project or domain.
type Limit struct {
	ID, ProjectID, DomainID, ServiceID, RegionID, ResourceName string
	ResourceLimit                                              int
	Description                                                *string
}

// Region groups endpoints.
type Region struct {
	ID, Description string
	ParentID        string
	Extra           map[string]any `json:",omitempty"`
}

// CatalogService is a service of the catalog.
type CatalogService struct {
	ID, Type string
	Enabled  bool
	// Extra has Keystone's "name" and "description" among others.
	Extra map[string]any `json:",omitempty"`
}

// Name is the service's name, or "".
func (c *CatalogService) Name() string {
	name, _ := c.Extra["name"].(string)
	return name
}

// Endpoint is where a service is found. URL may hold $(project_id)s.
type Endpoint struct {
	ID, ServiceID, Interface, RegionID, URL string
	Enabled                                 bool
	// Bootstrapped endpoints follow the public URL of the configuration.
	Bootstrapped bool           `json:",omitempty"`
	Extra        map[string]any `json:",omitempty"`
}

// Revocation ends one token, or all tokens of a user, a project, a domain or a
// delegation that were issued no later than IssuedBefore. It is forgotten after
// Until, when all those have expired beyond any use.
type Revocation struct {
	ID string
	// What ends: exactly one of AuditID (one token), UserID, ProjectID, DomainID
	// (tokens of its users, and on it and its projects), or, if those are empty,
	// DelegationID.
	AuditID   string `json:",omitempty"`
	UserID    string `json:",omitempty"`
	ProjectID string `json:",omitempty"`
	DomainID  string `json:",omitempty"`
	// DelegationID is the application credential or trust of the tokens, and
	// OwnerID their user, where a user's own request made the row.
	DelegationID string `json:",omitempty"`
	OwnerID      string `json:",omitempty"`
	IssuedBefore time.Time
	Until        time.Time
}
