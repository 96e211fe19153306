package identity

import "time"

// DefaultDomainID is the domain that Keystone's bootstrap creates.
const DefaultDomainID = "default"

// Domain holds users and projects.
type Domain struct {
	ID, Name, Description string
	Enabled               bool
	Extra                 map[string]any `json:",omitempty"`
}

// Project is a tenant: Swift's account AUTH_<id>.
type Project struct {
	ID, Name, DomainID, Description string
	ParentID                        string // a project's, or the domain's
	Enabled                         bool
	Tags                            []string       `json:",omitempty"`
	Extra                           map[string]any `json:",omitempty"`
}

// User is somebody who logs in. PasswordHash is "" for a user who cannot.
type User struct {
	ID, Name, DomainID string
	Enabled            bool
	DefaultProjectID   string
	PasswordHash       string
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

// Grant gives a user a role on a target.
type Grant struct {
	UserID   string
	Target   Target
	TargetID string
	RoleID   string
}

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

// Revocation ends the tokens that match everything set in it and were issued no
// later than IssuedBefore. It is forgotten after Until, when all those have
// expired beyond any use.
type Revocation struct {
	ID           string
	AuditID      string `json:",omitempty"`
	UserID       string `json:",omitempty"`
	ProjectID    string `json:",omitempty"`
	IssuedBefore time.Time
	Until        time.Time
}
