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
	// PublicURL is "scheme://host:port", under which the others are found
	// unless they are given.
	PublicURL      string
	IdentityURL    string // PublicURL/identity
	ImageURL       string // PublicURL/image
	ObjectStoreURL string // PublicURL
}

// BootstrapResult has the passwords that were made up, by user name; nothing
// else remembers them.
type BootstrapResult struct{ Passwords map[string]string }

// DefaultRegion is devstack's name for the only region.
const DefaultRegion = "RegionOne"

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
// and devstack do, where it does not exist yet. Run again, it changes only
// passwords that differ and the URLs of endpoints that it made itself.
func (s *Service) Bootstrap(ctx context.Context, o BootstrapOptions) (BootstrapResult, error) {
	b := &bootstrap{s: s, ctx: ctx, o: o, made: map[string]string{}}
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
	// followOnly leaves what is missing missing.
	followOnly bool
}

func (b *bootstrap) defaults() {
	fill := func(s *string, value string) {
		if *s == "" {
			*s = value
		}
	}
	base := strings.TrimRight(b.o.PublicURL, "/")
	fill(&b.o.Region, DefaultRegion)
	fill(&b.o.IdentityURL, base+"/identity")
	fill(&b.o.ImageURL, base+"/image")
	fill(&b.o.ObjectStoreURL, base)
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
	for name, description := range map[string]string{
		"admin":   "Bootstrap project for initializing the cloud.",
		"service": "",
	} {
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
	for _, r := range []Role{
		{Name: "reader", Immutable: true}, {Name: "member", Immutable: true}, {Name: "admin", Immutable: true},
		{Name: "service"}, {Name: "ResellerAdmin"},
	} {
		if b.role(r.Name) != nil {
			continue
		}
		if _, err := b.s.CreateRole(r); err != nil {
			return err
		}
	}
	for _, i := range [][2]string{{"admin", "member"}, {"member", "reader"}} {
		if err := b.s.ImplyRole(b.role(i[0]).ID, b.role(i[1]).ID); err != nil {
			return err
		}
	}
	return nil
}

func (b *bootstrap) users() error {
	service, admin := b.project("service").ID, b.project("admin").ID
	for _, u := range []struct {
		name, password string
		grants         []Grant // RoleID is a name here
	}{
		{"admin", b.o.AdminPassword, []Grant{
			{Target: OnProject, TargetID: admin, RoleID: "admin"}, {Target: OnSystem, RoleID: "admin"}}},
		{"glance", b.o.GlancePassword, []Grant{
			{Target: OnProject, TargetID: service, RoleID: "service"}, {Target: OnSystem, RoleID: "reader"}}},
		{"glance-swift", b.o.GlanceSwiftPassword, []Grant{
			{Target: OnProject, TargetID: service, RoleID: "service"},
			{Target: OnProject, TargetID: service, RoleID: "ResellerAdmin"}}},
	} {
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

func (b *bootstrap) catalog() error {
	if _, err := b.s.Region(b.o.Region); err != nil && !b.followOnly {
		if _, err := b.s.CreateRegion(Region{ID: b.o.Region}); err != nil {
			return err
		}
	}
	account := b.o.ObjectStoreURL + "/v1/AUTH_$(project_id)s"
	for _, c := range []struct{ kind, name, public, admin string }{
		{"identity", "keystone", b.o.IdentityURL, b.o.IdentityURL},
		{"image", "glance", b.o.ImageURL, ""},
		{"object-store", "swift", account, b.o.ObjectStoreURL},
	} {
		urls := map[string]string{"public": c.public, "internal": c.public}
		if c.admin != "" {
			urls["admin"] = c.admin
		}
		var err error
		found := b.s.Services(func(s *CatalogService) bool { return s.Type == c.kind })
		switch {
		case len(found) > 0:
			err = b.follow(found[0].ID, urls)
		case !b.followOnly: // else somebody deleted it
			err = b.newService(c.kind, c.name, urls)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// newService creates a service with its endpoints in one change: a crash leaves
// both or none.
func (b *bootstrap) newService(kind, name string, urls map[string]string) error {
	c := &CatalogService{ID: NewID(), Type: kind, Enabled: true, Extra: map[string]any{"name": name}}
	return b.s.update(func(t *tx) error {
		put(t, b.s.services, c.ID, c)
		for iface, url := range urls {
			e := &Endpoint{ID: NewID(), ServiceID: c.ID, Interface: iface, URL: url,
				RegionID: b.o.Region, Enabled: true, Bootstrapped: true}
			put(t, b.s.endpoints, e.ID, e)
		}
		return nil
	})
}

// follow makes a service's own endpoints follow the configuration. One that
// somebody deleted stays deleted.
func (b *bootstrap) follow(serviceID string, urls map[string]string) error {
	for _, e := range b.s.Endpoints(func(e *Endpoint) bool {
		return e.Bootstrapped && e.ServiceID == serviceID && urls[e.Interface] != "" && e.URL != urls[e.Interface]
	}) {
		url := urls[e.Interface]
		_, err := b.s.UpdateEndpoint(e.ID, func(e *Endpoint) { e.URL, e.Bootstrapped = url, true })
		if err != nil {
			return err
		}
	}
	return nil
}
