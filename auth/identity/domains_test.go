// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"slices"
	"testing"
)

// TestDomainChanges: the rules for changing and deleting domains.
func TestDomainChanges(t *testing.T) {
	w := newWorld(t)
	w.newDomain("d")
	update := func(id string, edit func(*Domain)) func() error {
		return func() error { _, err := w.UpdateDomain(id, edit); return err }
	}
	try(t, []attempt{
		{"a taken ID", func() error { _, err := w.CreateDomain(Domain{ID: "d", Name: "y"}); return err }, KindConflict},
		{"a taken name", update("d", func(d *Domain) { d.Name = "Default" }), KindConflict},
		{"an empty name", update("d", func(d *Domain) { d.Name = "" }), KindInvalid},
		{"an unknown domain", update("x", func(*Domain) {}), KindNotFound},
		{"the ID stays", update("d", func(d *Domain) { d.ID, d.Description = "x", "new" }), accepted},
		{"made immutable", update("d", func(d *Domain) { d.Immutable = true }), accepted},
		{"a change of an immutable domain", update("d", func(d *Domain) { d.Enabled = false }), KindForbidden},
		{"a deletion of an immutable domain", func() error { return w.DeleteDomain("d") }, KindForbidden},
		{"a change that ends the immutability", update("d", func(d *Domain) { d.Immutable = false }), accepted},
		{"a deletion of an enabled domain", func() error { return w.DeleteDomain("d") }, KindForbidden},
		{"disabled", update("d", func(d *Domain) { d.Enabled = false }), accepted},
		{"a deletion", func() error { return w.DeleteDomain("d") }, accepted},
		{"a deletion of an unknown domain", func() error { return w.DeleteDomain("d") }, KindNotFound},
	})
	if n := len(w.Domains(nil)); n != 1 {
		t.Errorf("%d domains are left", n)
	}
}

// TestDomainTakesItsRowsAlong: users, groups, projects, roles, limits and
// grants of a deleted domain go, those of a second domain stay.
func TestDomainTakesItsRowsAlong(t *testing.T) {
	w := newWorld(t)
	w.tree()
	w.newGroup("e", "staff")
	w.newUser("e", "eve")
	w.newRole("d", "dr")
	w.newRole("e", "er")
	w.newService("svc")
	_, err := w.CreateRegisteredLimits([]RegisteredLimit{{ServiceID: "svc", ResourceName: "r"}})
	w.ok(err)
	_, err = w.CreateLimits([]Limit{{DomainID: "d", ServiceID: "svc", ResourceName: "r"}, {DomainID: "e", ServiceID: "svc", ResourceName: "r"}})
	w.ok(err)
	w.ok(w.AddMember(Membership{GroupID: "staff", UserID: "ann"}))
	w.ok(w.AddMember(Membership{GroupID: "staff", UserID: "eve"}))
	for _, domain := range []string{"d", "e"} {
		w.ok(w.AddGrant(Grant{UserID: "eve", Target: OnDomain, TargetID: domain, RoleID: w.roleID("member")}))
	}
	w.ok(w.domainSwitch("d")(false))
	w.ok(w.DeleteDomain("d"))
	for range 2 {
		var left []string
		for _, p := range w.Projects(func(p *Project) bool { return p.DomainID != DefaultDomainID }) {
			left = append(left, p.ID)
		}
		for _, u := range w.Users(func(u *User) bool { return u.DomainID != DefaultDomainID }) {
			left = append(left, u.ID)
		}
		for _, g := range w.Groups(nil) {
			left = append(left, g.ID)
		}
		for _, m := range list(w.Service, w.memberships, nil) {
			left = append(left, m.id())
		}
		for _, r := range w.Roles(func(r *Role) bool { return r.DomainID != "" }) {
			left = append(left, r.ID)
		}
		for _, l := range w.Limits(nil) {
			left = append(left, "limit "+l.DomainID)
		}
		for _, g := range w.Grants(func(g *Grant) bool { return g.UserID == "eve" }) {
			left = append(left, "on "+g.TargetID)
		}
		if want := []string{"far", "eve", "staff", "staff/eve", "er", "limit e", "on e"}; !slices.Equal(left, want) {
			t.Errorf("left %v, want %v", left, want)
		}
		w.reopen()
	}
}
