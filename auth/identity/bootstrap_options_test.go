// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"slices"
	"strings"
	"testing"
)

// endpointURLs returns the URLs of a service type's endpoints by interface.
func (w *world) endpointURLs(kind string) map[string]string {
	urls := map[string]string{}
	for _, c := range w.Services(func(c *CatalogService) bool { return c.Type == kind }) {
		for _, e := range w.Endpoints(func(e *Endpoint) bool { return e.ServiceID == c.ID }) {
			urls[e.Interface] = e.URL
		}
	}
	return urls
}

// TestBootstrapIdentityURLs: URLs given for the identity service are set over
// every other URL, come back after a deletion, and follow the public URL no
// more.
func TestBootstrapIdentityURLs(t *testing.T) {
	w := newWorld(t)
	bootstrap := func(public string, urls map[string]string) {
		t.Helper()
		_, err := w.Bootstrap(t.Context(), BootstrapOptions{PublicURL: public, IdentityURLs: urls})
		w.ok(err)
	}
	want := func(when, public, internal, admin string) {
		t.Helper()
		got := w.endpointURLs("identity")
		if got["public"] != public || got["internal"] != internal || got["admin"] != admin || len(w.Endpoints(nil)) != 9 {
			t.Errorf("%s: %v, %d endpoints", when, got, len(w.Endpoints(nil)))
		}
	}
	given := map[string]string{"admin": "http://admin:9"}
	bootstrap("http://h:1/", given)
	want("given", "http://h:1/identity", "http://h:1/identity", "http://admin:9")
	bootstrap("http://h:2", nil)
	want("a new public URL", "http://h:2/identity", "http://h:2/identity", "http://admin:9")
	w.ok(w.FollowPublicURL(BootstrapOptions{PublicURL: "http://h:3"}))
	want("followed", "http://h:3/identity", "http://h:3/identity", "http://admin:9")
	admin := w.Endpoints(func(e *Endpoint) bool { return e.URL == "http://admin:9" })[0]
	_, err := w.UpdateEndpoint(admin.ID, func(e *Endpoint) { e.URL = "http://by-hand" })
	w.ok(err)
	bootstrap("http://h:3", given)
	want("over a URL set by hand", "http://h:3/identity", "http://h:3/identity", "http://admin:9")
	w.ok(w.DeleteEndpoint(admin.ID))
	bootstrap("http://h:3", given)
	want("after a deletion", "http://h:3/identity", "http://h:3/identity", "http://admin:9")
}

// TestBootstrapNames: names, region and immutability as given.
func TestBootstrapNames(t *testing.T) {
	w := &world{t: t, dir: t.TempDir(), clock: &clock{}}
	w.open()
	defer func() { w.ok(w.Close()) }()
	_, err := w.Bootstrap(t.Context(), BootstrapOptions{AdminPassword: "p", PublicURL: "http://h", Region: "R",
		Username: "root", Project: "ops", Role: "boss", ServiceName: "ks", MutableRoles: true})
	w.ok(err)
	root := w.login("root", "p", Scope{Kind: ScopeProject, Project: Ref{Name: "ops", Domain: DomainRef{ID: DefaultDomainID}}})
	if !slices.Equal(names(root.Roles), []string{"reader", "member", "boss"}) {
		t.Errorf("the roles are %v", names(root.Roles))
	}
	if n := len(w.Roles(func(r *Role) bool { return r.Immutable })); n != 0 {
		t.Errorf("%d roles are immutable", n)
	}
	if n := len(w.Services(func(c *CatalogService) bool { return c.Name() == "ks" })); n != 1 || len(w.Regions(nil)) != 1 || w.Regions(nil)[0].ID != "R" {
		t.Errorf("%d services ks, regions %v", n, w.Regions(nil))
	}
	if w.roles.named("", "admin") != nil || w.findUser(Ref{Name: "admin", Domain: DomainRef{ID: DefaultDomainID}}) != nil {
		t.Error("a role or user admin was made")
	}
}

// TestBootstrapWithSharedNames: the admin's role may be member, and the admin's
// project the project of the services. Neither is made twice.
func TestBootstrapWithSharedNames(t *testing.T) {
	w := &world{t: t, dir: t.TempDir(), clock: &clock{}}
	w.open()
	defer func() { w.ok(w.Close()) }()
	_, err := w.Bootstrap(t.Context(), BootstrapOptions{AdminPassword: "p", PublicURL: "http://h", Project: "service", Role: "member"})
	w.ok(err)
	admin := w.login("admin", "p", Scope{Kind: ScopeProject, Project: Ref{Name: "service", Domain: DomainRef{ID: DefaultDomainID}}})
	if !slices.Equal(names(admin.Roles), []string{"reader", "member"}) {
		t.Errorf("the roles are %v", names(admin.Roles))
	}
	if len(w.Projects(nil)) != 1 || len(w.Roles(nil)) != 4 || len(w.Implications(nil)) != 1 {
		t.Errorf("%d projects, %d roles, %d implications", len(w.Projects(nil)), len(w.Roles(nil)), len(w.Implications(nil)))
	}
}

// TestBootstrapAgain: a second run brings back the admin, the admin's grants,
// the default roles and the identity service, and nothing of Glance or Swift.
func TestBootstrapAgain(t *testing.T) {
	w := newWorld(t)
	admin := w.findUser(Ref{Name: "admin", Domain: DomainRef{ID: DefaultDomainID}})
	glance := w.findUser(Ref{Name: "glance", Domain: DomainRef{ID: DefaultDomainID}})
	for _, c := range w.Services(nil) {
		w.ok(w.DeleteService(c.ID))
	}
	w.ok(w.DeleteUser(glance.ID))
	for _, g := range w.Grants(func(g *Grant) bool { return g.UserID == admin.ID }) {
		w.ok(w.RemoveGrant(*g))
	}
	_, err := w.UpdateUser(t.Context(), admin.ID, func(u *User) { u.Enabled = false }, nil)
	w.ok(err)
	_, err = w.UpdateRole(w.roleID("reader"), func(r *Role) { r.Immutable = false })
	w.ok(err)
	w.ok(w.DeleteRole(w.roleID("reader")))
	result, err := w.Bootstrap(t.Context(), BootstrapOptions{AdminPassword: adminPassword, PublicURL: "http://h:1"})
	w.ok(err)
	if len(result.Passwords) != 0 {
		t.Errorf("passwords of %d users", len(result.Passwords))
	}
	token := w.login("admin", adminPassword, adminScope)
	if !slices.Equal(names(token.Roles), []string{"reader", "member", "admin"}) || token.User.ID != admin.ID {
		t.Errorf("the admin is %+v with %v", token.User, names(token.Roles))
	}
	w.login("admin", adminPassword, Scope{Kind: ScopeSystem})
	var types []string
	for _, c := range w.Services(nil) {
		types = append(types, c.Type)
	}
	if strings.Join(types, " ") != "identity" || len(w.endpointURLs("identity")) != 3 {
		t.Errorf("services %v", types)
	}
	if w.findUser(Ref{ID: glance.ID}) != nil || w.findUser(Ref{Name: "glance", Domain: DomainRef{ID: DefaultDomainID}}) != nil {
		t.Error("a deleted user came back")
	}
	// Without a password an existing user is left alone, also a disabled user.
	_, err = w.UpdateUser(t.Context(), admin.ID, func(u *User) { u.Enabled = false }, nil)
	w.ok(err)
	_, err = w.Bootstrap(t.Context(), BootstrapOptions{PublicURL: "http://h:1"})
	w.ok(err)
	if w.findUser(Ref{ID: admin.ID}).Enabled {
		t.Error("a bootstrap without a password enabled the admin")
	}
}
