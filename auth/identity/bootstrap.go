// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"strings"
)

// BootstrapOptions are the names, passwords and URLs given to Bootstrap. URLs
// have no trailing slash; Bootstrap removes slashes at the end of PublicURL.
type BootstrapOptions struct {
	// The passwords of the first users. "" keeps the password of an existing
	// user and gives a new user a random password, returned in
	// BootstrapResult.
	AdminPassword       string
	GlancePassword      string
	GlanceSwiftPassword string
	Region              string // "RegionOne" if ""
	// PublicURL is "scheme://host:port" of this server. The paths of the
	// services are appended: /identity, /image and /v1/AUTH_<project>.
	PublicURL string
	// IdentityURLs are URLs of the identity service by interface ("public",
	// "internal", "admin"). Bootstrap sets each URL, also over a URL set by
	// hand, and the endpoint no longer follows PublicURL.
	IdentityURLs map[string]string

	// The names of the first user, of the user's project and role (each
	// "admin" if ""), and of the identity service ("keystone" if "").
	Username, Project, Role, ServiceName string
	// MutableRoles creates reader, member and the admin's role without the
	// option immutable. Existing roles stay as they are.
	MutableRoles bool
}

// BootstrapResult holds the random passwords by user name. The store keeps
// hashes alone: the caller must show or write down the passwords now.
type BootstrapResult struct{ Passwords map[string]string }

// DefaultRegion is the region's name in devstack.
const DefaultRegion = "RegionOne"

// serviceProject is the project of Glance's users. The bytes of images lie in
// the account of the same project.
const serviceProject = "service"

// Milestone is a row for an event of the store's life: the row exists from the
// moment of the event on.
type Milestone struct{ ID string }

// bootstrapped is the milestone of a complete Bootstrap.
const bootstrapped = "bootstrapped"

// Bootstrapped reports whether a Bootstrap of the store has come to its end,
// now or in an earlier process.
func (s *Service) Bootstrapped() bool {
	_, err := get(s, s.milestones, "milestone", bootstrapped)
	return err == nil
}

// FollowPublicURL sets the URLs of o on the endpoints made by Bootstrap.
// Endpoints changed by hand since then keep their URLs, and deleted endpoints
// stay deleted. Nothing is created but the image service's admin endpoint (see
// imageAdmin). FollowPublicURL is for every start after the first.
func (s *Service) FollowPublicURL(o BootstrapOptions) error {
	b := &bootstrap{s: s, o: o, followOnly: true}
	b.defaults()
	return b.catalog()
}

// Bootstrap creates the first rows of a cloud as far as they are missing:
// domain, projects, roles, users, grants and catalog, as keystone-manage
// bootstrap and devstack do. A later run does the work of keystone-manage
// bootstrap alone (keystone/cmd/bootstrap.py): the admin, the admin's
// password, project and roles, and the identity service come back if they are
// missing. Glance's users and the other services stay deleted.
//
// A right password is not set again, because a new hash ends the user's
// tokens. Endpoints made by an earlier run follow PublicURL. A run cut short
// by a crash is repeated by the next call.
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

// bootstrap is a run of Bootstrap or FollowPublicURL.
type bootstrap struct {
	s    *Service
	ctx  context.Context
	o    BootstrapOptions
	made map[string]string // random passwords by user name
	// followOnly: no endpoint or service is created. again: an earlier run
	// came to its end, hence rows unknown to keystone-manage bootstrap are not
	// created.
	followOnly, again bool
}

// defaults fills empty options with the defaults of BootstrapOptions.
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

// domain creates the default domain if there is no domain of the ID "default".
func (b *bootstrap) domain() error {
	if _, err := b.s.Domain(DefaultDomainID); err == nil {
		return nil
	}
	_, err := b.s.CreateDomain(Domain{ID: DefaultDomainID, Name: "Default",
		Description: "The default domain", Enabled: true})
	return err
}

// projects creates the admin's project and, in the first run, the project of
// the services.
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

// project returns the project of the name in the default domain, or nil.
func (b *bootstrap) project(name string) *Project {
	b.s.mu.RLock()
	defer b.s.mu.RUnlock()
	return b.s.projects.named(DefaultDomainID, name)
}

// role returns the global role of the name, or nil.
func (b *bootstrap) role(name string) *Role {
	b.s.mu.RLock()
	defer b.s.mu.RUnlock()
	return b.s.roles.named("", name)
}

// roles creates the default roles and the implications admin → member →
// reader. ResellerAdmin, made in the first run, lets Glance's user reach the
// accounts of all projects.
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

// firstUser is a user to create, with grants. In the grants, RoleID holds the
// role's name and UserID is empty.
type firstUser struct {
	name, password string
	grants         []Grant
}

// users creates the admin and, in the first run, the users of Glance, each with
// the grants. Grants of existing users are completed, never removed.
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

// user returns the user of the name in the default domain, creating a missing
// user. An existing user with a different password, or disabled, is enabled and
// gets the password. A right password is left alone: a new hash would end the
// user's tokens.
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
	right, err := b.s.passwords.verify(b.ctx, secretOf(u), password, nil)
	if err != nil || right && u.Enabled {
		return u, err
	}
	return b.s.UpdateUser(b.ctx, u.ID, func(u *User) { u.Enabled = true }, &password)
}
