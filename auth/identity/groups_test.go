// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"slices"
	"testing"
)

// TestGroupChanges: the rules for changing groups and their members.
func TestGroupChanges(t *testing.T) {
	w := newWorld(t)
	w.newDomain("d")
	w.newGroup("d", "g")
	w.newGroup("d", "h")
	w.newUser("d", "ann")
	update := func(id string, edit func(*Group)) func() error {
		return func() error { _, err := w.UpdateGroup(id, edit); return err }
	}
	of := func(call func(Membership) error, group, user string) func() error {
		return func() error { return call(Membership{GroupID: group, UserID: user}) }
	}
	try(t, []attempt{
		{"ID and domain stay", update("g", func(g *Group) { g.ID, g.DomainID, g.Description = "x", DefaultDomainID, "new" }), accepted},
		{"a taken name", update("g", func(g *Group) { g.Name = "h" }), KindConflict},
		{"an empty name", update("g", func(g *Group) { g.Name = "" }), KindInvalid},
		{"an unknown group", update("x", func(*Group) {}), KindNotFound},
		{"a member", of(w.AddMember, "g", "ann"), accepted},
		{"the member again", of(w.AddMember, "g", "ann"), accepted},
		{"an unknown user", of(w.AddMember, "g", "x"), KindNotFound},
		{"a member of an unknown group", of(w.AddMember, "x", "ann"), KindNotFound},
		{"the member is found", of(w.HasMember, "g", "ann"), accepted},
		{"and not in the second group", of(w.HasMember, "h", "ann"), KindNotFound},
		{"nor in an unknown group", of(w.HasMember, "x", "ann"), KindNotFound},
		{"out of a group without the member", of(w.RemoveMember, "h", "ann"), KindNotFound},
		{"out", of(w.RemoveMember, "g", "ann"), accepted},
		{"out again", of(w.RemoveMember, "g", "ann"), KindNotFound},
		{"an unknown group is deleted", func() error { return w.DeleteGroup("x") }, KindNotFound},
	})
	g, err := w.Group("g")
	w.ok(err)
	if g.DomainID != "d" || g.Description != "new" {
		t.Errorf("the group is %+v", g)
	}
}

// TestMembers: both directions of memberships, after deletions and a restart.
func TestMembers(t *testing.T) {
	w := newWorld(t)
	w.newDomain("d")
	for _, id := range []string{"g", "h"} {
		w.newGroup("d", id)
	}
	for _, id := range []string{"ann", "bob", "cat"} {
		w.newUser("d", id)
	}
	for _, m := range []Membership{{"g", "bob"}, {"g", "ann"}, {"h", "ann"}, {"h", "cat"}} {
		w.ok(w.AddMember(m))
	}
	check := func(when string, members map[string][]string, groups map[string][]string) {
		t.Helper()
		for group, want := range members {
			users, err := w.Members(group)
			w.ok(err)
			var got []string
			for _, u := range users {
				got = append(got, u.ID)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s: %s has the members %v, want %v", when, group, got, want)
			}
		}
		for user, want := range groups {
			of, err := w.GroupsOf(user)
			w.ok(err)
			var got []string
			for _, g := range of {
				got = append(got, g.ID)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s: %s is in %v, want %v", when, user, got, want)
			}
		}
	}
	check("at first", map[string][]string{"g": {"ann", "bob"}, "h": {"ann", "cat"}},
		map[string][]string{"ann": {"g", "h"}, "bob": {"g"}, "cat": {"h"}})
	w.ok(w.DeleteUser("bob"))
	w.ok(w.DeleteGroup("h"))
	after := func(when string) {
		t.Helper()
		check(when, map[string][]string{"g": {"ann"}}, map[string][]string{"ann": {"g"}, "cat": nil})
		if len(w.userGroups) != 1 || len(list(w.Service, w.memberships, nil)) != 1 {
			t.Errorf("%s: the index has %v", when, w.userGroups)
		}
	}
	after("after the deletions")
	w.reopen()
	after("after a restart")
	_, errGroup := w.Members("h")
	_, errUser := w.GroupsOf("bob")
	if KindOf(errGroup) != KindNotFound || KindOf(errUser) != KindNotFound {
		t.Errorf("unknown group %v, unknown user %v", errGroup, errUser)
	}
}
