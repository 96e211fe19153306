// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"slices"
	"strings"
	"testing"
)

// TestGrantRefusals: what a grant names must exist, and a domain's role stays
// in its domain.
func TestGrantRefusals(t *testing.T) {
	w := newWorld(t)
	w.tree()
	w.newRole("e", "local")
	member := w.roleID("member")
	good := Grant{UserID: "ann", Target: OnProject, TargetID: "low", RoleID: member}
	with := func(change func(*Grant)) func() error {
		g := good
		change(&g)
		return func() error { return w.AddGrant(g) }
	}
	try(t, []attempt{
		{"a grant", with(func(*Grant) {}), accepted},
		{"again", with(func(*Grant) {}), accepted},
		{"an unknown role", with(func(g *Grant) { g.RoleID = "x" }), KindNotFound},
		{"an unknown user", with(func(g *Grant) { g.UserID = "x" }), KindNotFound},
		{"an unknown group", with(func(g *Grant) { g.UserID, g.GroupID = "", "x" }), KindNotFound},
		{"an unknown project", with(func(g *Grant) { g.TargetID = "x" }), KindNotFound},
		{"a project's ID for a domain", with(func(g *Grant) { g.Target = OnDomain }), KindNotFound},
		{"a system with an ID", with(func(g *Grant) { g.Target = OnSystem }), KindNotFound},
		{"a domain's role elsewhere", with(func(g *Grant) { g.RoleID = "local" }), KindForbidden},
		{"a domain's role on the system", with(func(g *Grant) { g.RoleID, g.Target, g.TargetID = "local", OnSystem, "" }), KindForbidden},
		{"a domain's role on a project of the domain", with(func(g *Grant) { g.RoleID, g.TargetID = "local", "far" }), accepted},
		{"a domain's role on the domain", with(func(g *Grant) { g.RoleID, g.Target, g.TargetID = "local", OnDomain, "e" }), accepted},
		{"found", func() error { return w.HasGrant(good) }, accepted},
		{"not found as inherited", func() error { g := good; g.Inherited = true; return w.HasGrant(g) }, KindNotFound},
		{"not found for the group", func() error { g := good; g.UserID, g.GroupID = "", "crew"; return w.HasGrant(g) }, KindNotFound},
		{"not found on the system", func() error { g := good; g.Target, g.TargetID = OnSystem, ""; return w.HasGrant(g) }, KindNotFound},
		{"an implied role is no grant", func() error { g := good; g.RoleID = w.roleID("reader"); return w.HasGrant(g) }, KindNotFound},
		{"removed", func() error { return w.RemoveGrant(good) }, accepted},
		{"removed again", func() error { return w.RemoveGrant(good) }, KindNotFound},
	})
	if got := w.EffectiveRoles("ann", OnProject, "far"); len(got) != 0 {
		t.Errorf("a domain's role alone gives %v", got)
	}
}

// TestGrantedRoles lists direct grants of the same actor, target and
// inheritance.
func TestGrantedRoles(t *testing.T) {
	w := newWorld(t)
	w.tree()
	member, reader := w.roleID("member"), w.roleID("reader")
	for _, g := range []Grant{
		{UserID: "ann", Target: OnProject, TargetID: "top", RoleID: member},
		{UserID: "ann", Target: OnProject, TargetID: "top", RoleID: reader, Inherited: true},
		{GroupID: "crew", Target: OnProject, TargetID: "top", RoleID: reader},
	} {
		w.ok(w.AddGrant(g))
	}
	for _, row := range []struct {
		name string
		of   Grant
		want []string
	}{
		{"direct", Grant{UserID: "ann", Target: OnProject, TargetID: "top"}, []string{"member"}},
		{"inherited", Grant{UserID: "ann", Target: OnProject, TargetID: "top", Inherited: true}, []string{"reader"}},
		{"group", Grant{GroupID: "crew", Target: OnProject, TargetID: "top"}, []string{"reader"}},
		{"elsewhere", Grant{UserID: "ann", Target: OnProject, TargetID: "mid"}, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			roles, err := w.GrantedRoles(row.of)
			if got := names(roles); err != nil || !slices.Equal(got, row.want) {
				t.Errorf("%v, %v, want %v", got, err, row.want)
			}
		})
	}
	_, err := w.GrantedRoles(Grant{UserID: "x", Target: OnProject, TargetID: "top"})
	_, errTarget := w.GrantedRoles(Grant{UserID: "ann", Target: OnProject, TargetID: "x"})
	if KindOf(err) != KindNotFound || KindOf(errTarget) != KindNotFound {
		t.Errorf("unknown user %v, unknown target %v", err, errTarget)
	}
}

// names returns the names of roles.
func names(roles []*Role) (out []string) {
	for _, r := range roles {
		out = append(out, r.Name)
	}
	return out
}

// TestImplications: chains and cycles are followed once, domains' roles are
// replaced by what they imply, and the order is by name after implied roles.
func TestImplications(t *testing.T) {
	w := newWorld(t)
	w.newDomain("d")
	w.newDomain("e")
	for _, id := range []string{"a", "b", "c"} {
		w.newRole("", id)
	}
	w.newRole("d", "d1")
	w.newRole("d", "d2")
	imply := func(prior, implied string) func() error { return func() error { return w.ImplyRole(prior, implied) } }
	try(t, []attempt{
		{"a implies b", imply("a", "b"), accepted},
		{"again", imply("a", "b"), accepted},
		{"b implies c", imply("b", "c"), accepted},
		{"a cycle", imply("c", "a"), accepted},
		{"a domain's role implies a global role", imply("d1", "b"), accepted},
		{"a domain's role implies a role of the domain", imply("d1", "d2"), accepted},
		{"a global role implies a domain's role", imply("a", "d1"), KindForbidden},
		{"the role admin is implied", imply("a", w.roleID("admin")), KindForbidden},
		{"an unknown prior role", imply("x", "a"), KindNotFound},
		{"an unknown implied role", imply("a", "x"), KindNotFound},
		{"a direct implication is found", func() error { return w.HasImplication("a", "b") }, accepted},
		{"an implication in two steps is not", func() error { return w.HasImplication("a", "c") }, KindNotFound},
		{"the other direction is not", func() error { return w.HasImplication("b", "a") }, KindNotFound},
		{"an unknown role is not", func() error { return w.HasImplication("x", "a") }, KindNotFound},
	})
	for _, row := range []struct{ role, want string }{{"a", "c b a"}, {"b", "a c b"}, {"d1", "a c b"}, {"d2", ""}, {"x", ""}} {
		t.Run("implied by "+row.role, func(t *testing.T) {
			if got := strings.Join(names(w.ImpliedBy(row.role)), " "); got != row.want {
				t.Errorf("%q, want %q", got, row.want)
			}
		})
	}
	w.ok(w.RemoveImplication("b", "c"))
	if got := names(w.ImpliedBy("a")); !slices.Equal(got, []string{"b", "a"}) {
		t.Errorf("without b implies c: %v", got)
	}
	if err := w.RemoveImplication("b", "c"); KindOf(err) != KindNotFound {
		t.Errorf("removed again: %v", err)
	}
	of := func(prior string) func(*Implication) bool {
		return func(i *Implication) bool { return i.Prior == prior }
	}
	if n := len(w.Implications(of("d1"))); n != 2 {
		t.Errorf("d1 has %d implications", n)
	}
	w.ok(w.DeleteRole("b"))
	if n := len(w.Implications(func(i *Implication) bool { return i.Prior == "b" || i.Implied == "b" })); n != 0 {
		t.Errorf("%d implications of a deleted role", n)
	}
}

// TestRoleChanges: the rules for creating, changing and deleting roles.
func TestRoleChanges(t *testing.T) {
	w := newWorld(t)
	w.newDomain("d")
	w.newRole("", "r")
	create := func(r Role) func() error {
		return func() error { _, err := w.CreateRole(r); return err }
	}
	update := func(id string, edit func(*Role)) func() error {
		return func() error { _, err := w.UpdateRole(id, edit); return err }
	}
	try(t, []attempt{
		{"the name of a global role in a domain", create(Role{ID: "in d", Name: "r", DomainID: "d"}), accepted},
		{"a taken name", create(Role{Name: "r"}), KindConflict},
		{"a taken name in a domain", create(Role{Name: "r", DomainID: "d"}), KindConflict},
		{"a taken ID", create(Role{ID: "r", Name: "fresh"}), KindConflict},
		{"an unknown domain", create(Role{Name: "s", DomainID: "x"}), KindNotFound},
		{"a rename to a taken name", update("r", func(r *Role) { r.Name = "reader" }), KindConflict},
		{"an empty name", update("r", func(r *Role) { r.Name = "" }), KindInvalid},
		{"ID and domain stay", update("r", func(r *Role) { r.ID, r.DomainID, r.Name = "x", "d", "renamed" }), accepted},
		{"the old name is free", create(Role{ID: "new", Name: "r"}), accepted},
		{"made immutable", update("r", func(r *Role) { r.Immutable = true }), accepted},
		{"a change of an immutable role", update("r", func(r *Role) { r.Name = "y" }), KindForbidden},
		{"a deletion of an immutable role", func() error { return w.DeleteRole("r") }, KindForbidden},
		{"a change that ends the immutability", update("r", func(r *Role) { r.Name, r.Immutable = "y", false }), accepted},
		{"a deletion", func() error { return w.DeleteRole("r") }, accepted},
		{"a deletion of an unknown role", func() error { return w.DeleteRole("r") }, KindNotFound},
		{"a change of an unknown role", update("r", func(*Role) {}), KindNotFound},
	})
	if r, err := w.Role("new"); err != nil || r.Name != "r" || r.DomainID != "" {
		t.Errorf("the new role is %+v, %v", r, err)
	}
}
