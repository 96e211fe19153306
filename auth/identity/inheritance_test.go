// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// place is a target of grants.
type place struct {
	target Target
	id     string
}

// tree makes two domains with projects:
//
//	d ─┬─ top ── mid ── low
//	   └─ side
//	e ─── far
//
// and the user ann, who is in the group crew.
func (w *world) tree() []place {
	w.t.Helper()
	w.newDomain("d")
	w.newDomain("e")
	for _, p := range [][3]string{{"d", "d", "top"}, {"d", "top", "mid"}, {"d", "mid", "low"}, {"d", "d", "side"}, {"e", "e", "far"}} {
		w.newProject(p[0], p[1], p[2])
	}
	w.newUser("d", "ann")
	w.newGroup("d", "crew")
	w.ok(w.AddMember(Membership{GroupID: "crew", UserID: "ann"}))
	return []place{{OnDomain, "d"}, {OnDomain, "e"}, {OnProject, "top"}, {OnProject, "mid"}, {OnProject, "low"},
		{OnProject, "side"}, {OnProject, "far"}, {OnSystem, ""}}
}

// reached returns the places on which a user has a role, and checks that the
// list of effective assignments says the same.
func (w *world) reached(user, role string, places []place) []string {
	w.t.Helper()
	var out []string
	for _, p := range places {
		has := slices.ContainsFunc(w.EffectiveRoles(user, p.target, p.id), func(r *Role) bool { return r.ID == role })
		listed := slices.ContainsFunc(w.EffectiveAssignments(), func(a Assignment) bool {
			return a.UserID == user && a.Target == p.target && a.TargetID == p.id && a.RoleID == role
		})
		if has != listed {
			w.t.Errorf("%s on %s %q: has the role %v, listed %v", user, p.target, p.id, has, listed)
		}
		if has {
			out = append(out, p.String())
		}
	}
	return out
}

// String names a place in the rows of tests.
func (p place) String() string {
	if p.target == OnSystem {
		return "system"
	}
	return p.id
}

// TestInheritance: a direct grant is in effect on its target alone, an
// inherited grant on the projects below its target and never on the target.
func TestInheritance(t *testing.T) {
	w := newWorld(t)
	places := w.tree()
	rows := []struct {
		name  string
		grant Grant
		want  []string
	}{
		{"direct on a project", Grant{Target: OnProject, TargetID: "mid"}, []string{"mid"}},
		{"inherited from a project", Grant{Target: OnProject, TargetID: "top", Inherited: true}, []string{"mid", "low"}},
		{"inherited from a project in the middle", Grant{Target: OnProject, TargetID: "mid", Inherited: true}, []string{"low"}},
		{"inherited from a leaf", Grant{Target: OnProject, TargetID: "low", Inherited: true}, nil},
		{"direct on a domain", Grant{Target: OnDomain, TargetID: "d"}, []string{"d"}},
		{"inherited from a domain", Grant{Target: OnDomain, TargetID: "d", Inherited: true}, []string{"top", "mid", "low", "side"}},
		{"inherited from a different domain", Grant{Target: OnDomain, TargetID: "e", Inherited: true}, []string{"far"}},
		{"direct on the system", Grant{Target: OnSystem}, []string{"system"}},
	}
	for _, actor := range []Grant{{UserID: "ann"}, {GroupID: "crew"}} {
		for _, row := range rows {
			g := row.grant
			g.UserID, g.GroupID, g.RoleID = actor.UserID, actor.GroupID, w.roleID("member")
			t.Run(row.name+" for "+g.actor(), func(t *testing.T) {
				w := w.in(t)
				w.ok(w.AddGrant(g))
				for _, role := range []string{"member", "reader"} { // member implies reader
					if got := w.reached("ann", w.roleID(role), places); !slices.Equal(got, row.want) {
						t.Errorf("%s on %v, want %v", role, got, row.want)
					}
				}
				w.ok(w.RemoveGrant(g))
				if got := w.reached("ann", w.roleID("member"), places); got != nil {
					t.Errorf("on %v after the removal", got)
				}
			})
		}
	}
}

// TestProjectsAndDomainsOfAUser: only enabled projects and domains with a role
// are listed, and a membership that ends takes the group's roles away.
func TestProjectsAndDomainsOfAUser(t *testing.T) {
	w := newWorld(t)
	w.tree()
	member := w.roleID("member")
	w.ok(w.AddGrant(Grant{GroupID: "crew", Target: OnDomain, TargetID: "d", RoleID: member, Inherited: true}))
	w.ok(w.AddGrant(Grant{GroupID: "crew", Target: OnDomain, TargetID: "e", RoleID: member}))
	w.ok(w.AddGrant(Grant{UserID: "ann", Target: OnProject, TargetID: "far", RoleID: member}))
	check := func(when string, projects, domains []string) {
		t.Helper()
		var gotProjects, gotDomains []string
		for _, p := range w.UserProjects("ann") {
			gotProjects = append(gotProjects, p.ID)
		}
		for _, d := range w.UserDomains("ann") {
			gotDomains = append(gotDomains, d.ID)
		}
		if !slices.Equal(gotProjects, projects) || !slices.Equal(gotDomains, domains) {
			t.Errorf("%s: projects %v, domains %v, want %v and %v", when, gotProjects, gotDomains, projects, domains)
		}
	}
	check("at first", []string{"far", "low", "mid", "side", "top"}, []string{"e"})
	w.ok(w.projectSwitch("low")(false))
	check("with low disabled", []string{"far", "mid", "side", "top"}, []string{"e"})
	w.ok(w.domainSwitch("e")(false))
	check("with e disabled", []string{"far", "mid", "side", "top"}, nil)
	w.ok(w.RemoveMember(Membership{GroupID: "crew", UserID: "ann"}))
	check("out of the group", []string{"far"}, nil)
}

// TestEffectiveAssignmentsTellTheirOrigin: the group, the grant above and the
// granted role of each computed assignment.
func TestEffectiveAssignmentsTellTheirOrigin(t *testing.T) {
	w := newWorld(t)
	w.tree()
	w.newUser("d", "bob")
	w.newGroup("d", "empty")
	member, reader := w.roleID("member"), w.roleID("reader")
	above := Grant{GroupID: "crew", Target: OnProject, TargetID: "mid", RoleID: member, Inherited: true}
	direct := Grant{UserID: "bob", Target: OnDomain, TargetID: "d", RoleID: reader}
	w.ok(w.AddGrant(above))
	w.ok(w.AddGrant(direct))
	w.ok(w.AddGrant(Grant{GroupID: "empty", Target: OnProject, TargetID: "top", RoleID: member}))
	on := Grant{UserID: "ann", Target: OnProject, TargetID: "low", RoleID: member, Inherited: true}
	implied := on
	implied.RoleID = reader
	want := map[string]Assignment{
		"bob":    {Grant: direct},
		"member": {Grant: on, Group: "crew", From: &above},
		"reader": {Grant: implied, Group: "crew", From: &above, Prior: member},
	}
	got := map[string]Assignment{}
	for _, a := range w.EffectiveAssignments() {
		switch {
		case a.UserID == "bob":
			got["bob"] = a
		case a.UserID == "ann":
			got[w.roleName(a.RoleID)] = a
		case a.Group == "empty" || a.GroupID != "":
			t.Errorf("an assignment of a group: %+v", a)
		}
	}
	text := func(a Assignment) string {
		from := Grant{}
		if a.From != nil {
			from = *a.From
		}
		return fmt.Sprintf("%+v group %q from %+v prior %q", a.Grant, a.Group, from, a.Prior)
	}
	for name, w := range want {
		if text(got[name]) != text(w) {
			t.Errorf("%s:\n%s\nwant\n%s", name, text(got[name]), text(w))
		}
	}
	stored := 0
	for _, a := range w.Assignments() {
		if a.Grant == above || a.Grant == direct {
			stored++
		}
		if a.Group != "" || a.From != nil || a.Prior != "" {
			t.Errorf("a stored grant with an origin: %+v", a)
		}
	}
	if stored != 2 {
		t.Errorf("%d of 2 grants are listed as stored", stored)
	}
}

// TestRandomGrants: for grants and removals at random, the roles of each user
// on each place are what a straightforward reading of all grants gives, before
// and after a restart.
func TestRandomGrants(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	w := newWorld(t)
	places := w.tree()
	above := map[string][]string{"top": {"d"}, "mid": {"d", "top"}, "low": {"d", "top", "mid"}, "side": {"d"}, "far": {"e"}}
	w.newUser("d", "bob")
	roles := []string{w.newRole("", "r1"), w.newRole("", "r2"), w.newRole("", "r3")}
	grants := map[Grant]bool{}
	check := func(when string) {
		t.Helper()
		for _, user := range []string{"ann", "bob"} {
			for _, p := range places {
				want := map[string]bool{}
				for g := range grants {
					who := g.UserID == user || g.GroupID == "crew" && user == "ann"
					direct := !g.Inherited && g.Target == p.target && g.TargetID == p.id
					inherited := g.Inherited && p.target == OnProject && slices.Contains(above[p.id], g.TargetID)
					if who && (direct || inherited) {
						want[g.RoleID] = true
					}
				}
				var got []string
				for _, r := range w.EffectiveRoles(user, p.target, p.id) {
					got = append(got, r.ID)
				}
				if !slices.Equal(got, slices.Sorted(maps.Keys(want))) {
					t.Fatalf("%s: %s on %s has %v, want %v", when, user, p, got, want)
				}
			}
		}
	}
	for range 60 {
		p := places[random.IntN(len(places))]
		g := Grant{Target: p.target, TargetID: p.id, RoleID: roles[random.IntN(len(roles))],
			Inherited: p.target != OnSystem && random.IntN(2) == 0}
		switch random.IntN(3) {
		case 0:
			g.UserID = "ann"
		case 1:
			g.UserID = "bob"
		default:
			g.GroupID = "crew"
		}
		if grants[g] {
			w.ok(w.RemoveGrant(g))
			delete(grants, g)
		} else {
			w.ok(w.AddGrant(g))
			grants[g] = true
		}
		check("at once")
	}
	w.reopen()
	check("after a restart")
}
