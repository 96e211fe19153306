// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"slices"
	"strings"
	"testing"
)

func projectIDs(projects []*Project) string {
	var ids []string
	for _, p := range projects {
		ids = append(ids, p.ID)
	}
	return strings.Join(ids, " ")
}

// TestProjectTree: parents, subtrees, the depth of a tree, and what a disabled
// project forbids below itself.
func TestProjectTree(t *testing.T) {
	w := newWorld(t)
	w.tree()
	create := func(p Project) func() error {
		p.Enabled = true
		return func() error { _, err := w.CreateProject(p); return err }
	}
	try(t, []attempt{
		{"the fourth level below the domain", create(Project{ID: "deep", Name: "deep", DomainID: "d", ParentID: "low"}), accepted},
		{"the fifth level", create(Project{Name: "deeper", DomainID: "d", ParentID: "deep"}), KindForbidden},
		{"an unknown parent", create(Project{Name: "x", DomainID: "d", ParentID: "x"}), KindInvalid},
		{"a parent in a different domain", create(Project{Name: "x", DomainID: "d", ParentID: "far"}), KindInvalid},
		{"a different domain as the parent", create(Project{Name: "x", DomainID: "d", ParentID: "e"}), KindInvalid},
		{"an unknown domain", create(Project{Name: "x", DomainID: "x"}), KindInvalid},
	})
	low, err := w.Project("low")
	w.ok(err)
	if got := projectIDs(w.Parents(low)); got != "mid top" {
		t.Errorf("above low: %s", got)
	}
	for _, row := range []struct{ of, want string }{{"top", "deep low mid"}, {"low", "deep"}, {"deep", ""}, {"d", ""}, {"x", ""}} {
		t.Run("below "+row.of, func(t *testing.T) {
			if got := projectIDs(w.Subtree(row.of)); got != row.want {
				t.Errorf("%q, want %q", got, row.want)
			}
		})
	}
	enable := func(id string, on bool) func() error { return func() error { return w.projectSwitch(id)(on) } }
	try(t, []attempt{
		{"disable top", enable("top", false), accepted},
		{"disable low below a disabled project", enable("low", false), accepted},
		{"enable low below a disabled project", enable("low", true), KindForbidden},
		{"a new project below a disabled project", create(Project{Name: "new", DomainID: "d", ParentID: "mid"}), KindForbidden},
		{"enable top", enable("top", true), accepted},
		{"enable low", enable("low", true), accepted},
		{"delete a project with children", func() error { return w.DeleteProject("mid") }, KindForbidden},
		{"delete a leaf", func() error { return w.DeleteProject("deep") }, accepted},
		{"delete an unknown project", func() error { return w.DeleteProject("deep") }, KindNotFound},
	})
}

// TestProjectChanges: what an update may not change, and immutability.
func TestProjectChanges(t *testing.T) {
	w := newWorld(t)
	w.tree()
	update := func(id string, edit func(*Project)) func() error {
		return func() error { _, err := w.UpdateProject(id, edit); return err }
	}
	try(t, []attempt{
		{"ID, domain and parent stay", update("mid", func(p *Project) { p.ID, p.DomainID, p.ParentID, p.Name = "x", "e", "side", "new" }), accepted},
		{"a taken name", update("mid", func(p *Project) { p.Name = "top" }), KindConflict},
		{"an empty name", update("mid", func(p *Project) { p.Name = "" }), KindInvalid},
		{"an unknown project", update("x", func(*Project) {}), KindNotFound},
		{"made immutable", update("mid", func(p *Project) { p.Immutable = true }), accepted},
		{"a change of an immutable project", update("mid", func(p *Project) { p.Name = "y" }), KindForbidden},
		{"a deletion of an immutable project", func() error { return w.DeleteProject("mid") }, KindForbidden},
		{"a change that ends the immutability", update("mid", func(p *Project) { p.Immutable = false }), accepted},
	})
	p, err := w.Project("mid")
	w.ok(err)
	if p.Name != "new" || p.DomainID != "d" || p.ParentID != "top" {
		t.Errorf("the project is %+v", p)
	}
}

// TestProjectTakesItsRowsAlong: all that belongs to a project goes with the
// project, and the rows of its neighbour stay.
func TestProjectTakesItsRowsAlong(t *testing.T) {
	w := newWorld(t)
	w.tree()
	w.newUser("d", "bob")
	w.newService("svc")
	member := w.roleID("member")
	_, err := w.CreateRegisteredLimits([]RegisteredLimit{{ServiceID: "svc", ResourceName: "r", DefaultLimit: 1}})
	w.ok(err)
	for _, project := range []string{"low", "side"} {
		w.ok(w.AddGrant(Grant{UserID: "ann", Target: OnProject, TargetID: project, RoleID: member}))
		_, err := w.CreateAppCredential(t.Context(), AppCredential{ID: "app " + project, Name: project, UserID: "ann",
			ProjectID: project, RoleIDs: []string{member}}, "s", nil)
		w.ok(err)
		_, err = w.CreateTrust(Trust{ID: "trust " + project, TrustorID: "ann", TrusteeID: "bob", ProjectID: project, RoleIDs: []string{member}}, Redelegation{})
		w.ok(err)
		_, err = w.CreateCredential(Credential{ID: "cred " + project, UserID: "ann", ProjectID: project, Type: "cert", Blob: "x"})
		w.ok(err)
		_, err = w.CreateLimits([]Limit{{ProjectID: project, ServiceID: "svc", ResourceName: "r", ResourceLimit: 5}})
		w.ok(err)
	}
	w.ok(w.DeleteProject("low"))
	for range 2 {
		var left []string
		for _, g := range w.Grants(func(g *Grant) bool { return g.UserID == "ann" }) {
			left = append(left, "grant "+g.TargetID)
		}
		for _, a := range w.AppCredentials(nil) {
			left = append(left, a.ID)
		}
		for _, r := range w.Trusts(nil) {
			left = append(left, r.ID)
		}
		credentials, err := w.Credentials(nil)
		w.ok(err)
		for _, c := range credentials {
			left = append(left, c.ID)
		}
		for _, l := range w.Limits(nil) {
			left = append(left, "limit "+l.ProjectID)
		}
		if want := []string{"grant side", "app side", "trust side", "cred side", "limit side"}; !slices.Equal(left, want) {
			t.Errorf("left %v, want %v", left, want)
		}
		w.reopen()
	}
}
