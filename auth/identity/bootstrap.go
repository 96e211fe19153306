package identity

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"strings"
)

// BootstrapOptions say what Bootstrap creates. URLs have no trailing slash.
type BootstrapOptions struct {
	// Passwords. "" leaves a user that exists alone, and gives a new one a
	// random password, which the Result tells.
	AdminPassword       string
	GlancePassword      string
	GlanceSwiftPassword string
	Region              string // "RegionOne" if ""
	// PublicURL is "scheme://host:port", under which the others are found.
	PublicURL string
	// IdentityURLs, by interface, are set whatever is there, and do not follow
	// PublicURL then.
	IdentityURLs map[string]string

	// The names of what the admin is and has; "admin" and "keystone" if "".
	Username, Project, Role, ServiceName string
	// MutableRoles makes new default roles without the option immutable.
	MutableRoles bool
}

// BootstrapResult has the passwords that were made up, by user name; nothing
// else remembers them.
type BootstrapResult struct{ Passwords map[string]string }

// DefaultRegion is devstack's name for the only region.
const DefaultRegion = "RegionOne"

// serviceProject is that of Glance's users and of the bytes of images.
const serviceProject = "service"

// Milestone is something that happened once in the life of the store.
type Milestone struct{ ID string }

const bootstrapped = "bootstrapped"

// Bootstrapped says whether a Bootstrap has come to its end.
func (s *Service) Bootstrapped() bool {
	_, err := get(s, s.milestones, "milestone", bootstrapped)
	return err == nil
}

// FollowPublicURL makes the endpoints that Bootstrap made, and nobody changed or
// deleted since, have the URLs of o. It creates nothing.
func (s *Service) FollowPublicURL(o BootstrapOptions) error {
	b := &bootstrap{s: s, o: o, followOnly: true}
	b.defaults()
	return b.catalog()
}

// Bootstrap creates what a cloud needs to start, as keystone-manage bootstrap
// and devstack do, where it does not exist yet. Run again, it does what the
// former does (keystone/cmd/bootstrap.py): the admin, their password, project,
// roles and the identity service come back, nothing else. A password that is
// right already is left alone, and endpoints that it made follow PublicURL.
func (s *Service) Bootstrap(ctx context.Context, o BootstrapOptions) (BootstrapResult, error) {
	b := &bootstrap{s: s, ctx: ctx, o: o, made: map[string]string{}, again: s.Bootstrapped()}
	b.defaults()
	for _, step := range []func() error{b.domain, b.projects, b.roles, b.users, b.catalog} {
		if err := step(); err != nil {
			return BootstrapResult{}, err
		}
	}
	err := s.update(func(t *tx) error {
		put(t, s.milestones, bootstrapped, &Milestone{ID: bootstrapped})
		return nil
	})
	return BootstrapResult{Passwords: b.made}, err
}

type bootstrap struct {
	s    *Service
	ctx  context.Context
	o    BootstrapOptions
	made map[string]string
	// followOnly leaves what is missing missing, again what is not Keystone's.
	followOnly, again bool
}

func (b *bootstrap) defaults() {
	fill := func(s *string, value string) {
		if *s == "" {
			*s = value
		}
	}
	b.o.PublicURL = strings.TrimRight(b.o.PublicURL, "/")
	fill(&b.o.Region, DefaultRegion)
	fill(&b.o.Username, "admin")
	fill(&b.o.Project, "admin")
	fill(&b.o.Role, "admin")
	fill(&b.o.ServiceName, "keystone")
}

func (b *bootstrap) domain() error {
	if _, err := b.s.Domain(DefaultDomainID); err == nil {
		return nil
	}
	_, err := b.s.CreateDomain(Domain{ID: DefaultDomainID, Name: "Default",
		Description: "The default domain", Enabled: true})
	return err
}

func (b *bootstrap) projects() error {
	wanted := map[string]string{b.o.Project: "Bootstrap project for initializing the cloud."}
	if !b.again && b.o.Project != serviceProject {
		wanted[serviceProject] = ""
	}
	for name, description := range wanted {
		if b.project(name) != nil {
			continue
		}
		_, err := b.s.CreateProject(Project{Name: name, DomainID: DefaultDomainID,
			Description: description, Enabled: true})
		if err != nil {
			return err
		}
	}
	return nil
}

func (b *bootstrap) project(name string) *Project {
	b.s.mu.RLock()
	defer b.s.mu.RUnlock()
	return b.s.projects.named(DefaultDomainID, name)
}

func (b *bootstrap) role(name string) *Role {
	b.s.mu.RLock()
	defer b.s.mu.RUnlock()
	return b.s.roles.named("", name)
}

func (b *bootstrap) roles() error {
	fixed := !b.o.MutableRoles
	wanted := []Role{{Name: "reader", Immutable: fixed}, {Name: "member", Immutable: fixed}, {Name: b.o.Role, Immutable: fixed}}
	if !b.again {
		wanted = append(wanted, Role{Name: "service"}, Role{Name: "ResellerAdmin"})
	}
	for _, r := range wanted {
		if b.role(r.Name) != nil {
			continue
		}
		if _, err := b.s.CreateRole(r); err != nil {
			return err
		}
	}
	for _, i := range [][2]string{{b.o.Role, "member"}, {"member", "reader"}} {
		if i[0] == i[1] {
			continue // the admin's role is the member's
		}
		if err := b.s.ImplyRole(b.role(i[0]).ID, b.role(i[1]).ID); err != nil {
			return err
		}
	}
	return nil
}

// firstUser is a user of a new cloud. RoleID is a name in the grants.
type firstUser struct {
	name, password string
	grants         []Grant
}

func (b *bootstrap) users() error {
	wanted := []firstUser{{b.o.Username, b.o.AdminPassword, []Grant{
		{Target: OnProject, TargetID: b.project(b.o.Project).ID, RoleID: b.o.Role}, {Target: OnSystem, RoleID: b.o.Role}}}}
	if !b.again {
		service := b.project(serviceProject).ID
		wanted = append(wanted, firstUser{"glance", b.o.GlancePassword, []Grant{
			{Target: OnProject, TargetID: service, RoleID: "service"}, {Target: OnSystem, RoleID: "reader"}}},
			firstUser{"glance-swift", b.o.GlanceSwiftPassword, []Grant{
				{Target: OnProject, TargetID: service, RoleID: "service"},
				{Target: OnProject, TargetID: service, RoleID: "ResellerAdmin"}}})
	}
	for _, u := range wanted {
		user, err := b.user(u.name, u.password)
		if err != nil {
			return err
		}
		for _, g := range u.grants {
			g.UserID, g.RoleID = user.ID, b.role(g.RoleID).ID
			if err := b.s.AddGrant(g); err != nil {
				return err
			}
		}
	}
	return nil
}

// user finds or creates a user and sees to the password. A password that is
// right already is left alone: setting it would end the user's tokens.
func (b *bootstrap) user(name, password string) (*User, error) {
	u := b.s.findUser(Ref{Name: name, Domain: DomainRef{ID: DefaultDomainID}})
	if u == nil {
		if password == "" {
			var raw [18]byte
			_, _ = rand.Read(raw[:]) // crypto/rand.Read does not fail
			password = base64.RawURLEncoding.EncodeToString(raw[:])
			b.made[name] = password
		}
		return b.s.CreateUser(b.ctx, User{Name: name, DomainID: DefaultDomainID, Enabled: true}, password)
	}
	if password == "" {
		return u, nil
	}
	right, err := b.s.passwords.verify(b.ctx, secretOf(u), password)
	if err != nil || right && u.Enabled {
		return u, err
	}
	return b.s.UpdateUser(b.ctx, u.ID, func(u *User) { u.Enabled = true }, &password)
}
