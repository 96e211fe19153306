// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"strings"
	"testing"
)

// TestNameBounds: every kind of row with a name takes the longest name of
// Keystone and refuses a character more. Characters count, not bytes.
func TestNameBounds(t *testing.T) {
	w := newWorld(t)
	w.newUser(DefaultDomainID, "ann")
	w.ok(w.AddGrant(Grant{UserID: "ann", Target: OnProject, TargetID: w.adminProject(), RoleID: w.roleID("member")}))
	w.newService("svc")
	ctx := t.Context()
	for _, row := range []struct {
		name   string
		max    int
		create func(name string) error
	}{
		{"domain", 64, func(n string) error { _, err := w.CreateDomain(Domain{Name: n}); return err }},
		{"project", 64, func(n string) error {
			_, err := w.CreateProject(Project{Name: n, DomainID: DefaultDomainID})
			return err
		}},
		{"group", 64, func(n string) error { _, err := w.CreateGroup(Group{Name: n, DomainID: DefaultDomainID}); return err }},
		{"user", 255, func(n string) error {
			_, err := w.CreateUser(ctx, User{Name: n, DomainID: DefaultDomainID}, "")
			return err
		}},
		{"role", 255, func(n string) error { _, err := w.CreateRole(Role{Name: n}); return err }},
		{"type of a service", 255, func(n string) error { _, err := w.CreateService(CatalogService{Type: n}); return err }},
		{"application credential", 255, func(n string) error {
			_, err := w.CreateAppCredential(ctx, AppCredential{Name: n, UserID: "ann", ProjectID: w.adminProject(),
				RoleIDs: []string{w.roleID("member")}}, "s", nil)
			return err
		}},
		{"resource", 255, func(n string) error {
			_, err := w.CreateRegisteredLimits([]RegisteredLimit{{ServiceID: "svc", ResourceName: n}})
			return err
		}},
	} {
		try(t, []attempt{
			{row.name + " without a name", func() error { return row.create("") }, KindInvalid},
			{row.name + " at the bound", func() error { return row.create(strings.Repeat("é", row.max)) }, accepted},
			{row.name + " beyond the bound", func() error { return row.create(strings.Repeat("é", row.max+1)) }, KindInvalid},
		})
	}
}

// TestIDBounds: IDs given by a client have at most 64 bytes, IDs of regions
// 255, and IDs that are not given are new.
func TestIDBounds(t *testing.T) {
	w := newWorld(t)
	project := func(id string) func() error {
		return func() error {
			_, err := w.CreateProject(Project{ID: id, Name: "p" + id[:1], DomainID: DefaultDomainID})
			return err
		}
	}
	region := func(id string) func() error {
		return func() error { _, err := w.CreateRegion(Region{ID: id}); return err }
	}
	try(t, []attempt{
		{"a project's at the bound", project(strings.Repeat("a", 64)), accepted},
		{"a project's beyond the bound", project(strings.Repeat("b", 65)), KindInvalid},
		{"a region's at the bound", region(strings.Repeat("a", 255)), accepted},
		{"a region's beyond the bound", region(strings.Repeat("b", 256)), KindInvalid},
		{"a region's without an ID", region(""), accepted},
		{"a second region's without an ID", region(""), accepted},
	})
	if n := len(w.Regions(func(r *Region) bool { return len(r.ID) == 32 })); n != 2 {
		t.Errorf("%d regions have a new ID", n)
	}
}

// TestNamesAreUnique: in their namespace, and free again after a rename or a
// deletion.
func TestNamesAreUnique(t *testing.T) {
	w := newWorld(t)
	w.newDomain("d")
	ctx := t.Context()
	user := func(u User) func() error { return func() error { _, err := w.CreateUser(ctx, u, ""); return err } }
	group := func(g Group) func() error { return func() error { _, err := w.CreateGroup(g); return err } }
	project := func(p Project) func() error { return func() error { _, err := w.CreateProject(p); return err } }
	try(t, []attempt{
		{"a user", user(User{ID: "u", Name: "n", DomainID: "d"}), accepted},
		{"a user of a taken name", user(User{Name: "n", DomainID: "d"}), KindConflict},
		{"a user of a taken ID", user(User{ID: "u", Name: "m", DomainID: "d"}), KindConflict},
		{"a user of the name in a different domain", user(User{ID: "v", Name: "n", DomainID: DefaultDomainID}), accepted},
		{"a user of an unknown domain", user(User{Name: "n", DomainID: "x"}), KindNotFound},
		{"a group of a user's name", group(Group{ID: "g", Name: "n", DomainID: "d"}), accepted},
		{"a group of a taken name", group(Group{Name: "n", DomainID: "d"}), KindConflict},
		{"a group of an unknown domain", group(Group{Name: "n", DomainID: "x"}), KindNotFound},
		{"a project of a user's name", project(Project{ID: "p", Name: "n", DomainID: "d", Enabled: true}), accepted},
		{"a project of a taken name", project(Project{Name: "n", DomainID: "d"}), KindConflict},
		{"a project of a taken name below", project(Project{Name: "n", DomainID: "d", ParentID: "p"}), KindConflict},
		{"a domain of a taken name", func() error { _, err := w.CreateDomain(Domain{Name: "d"}); return err }, KindConflict},
		{"a rename", func() error { _, err := w.UpdateUser(ctx, "u", func(u *User) { u.Name = "m" }, nil); return err }, accepted},
		{"a user of the freed name", user(User{ID: "w", Name: "n", DomainID: "d"}), accepted},
		{"a rename to a taken name", func() error { _, err := w.UpdateUser(ctx, "u", func(u *User) { u.Name = "n" }, nil); return err }, KindConflict},
		{"a deletion", func() error { return w.DeleteUser("w") }, accepted},
		{"a rename to the freed name", func() error { _, err := w.UpdateUser(ctx, "u", func(u *User) { u.Name = "n" }, nil); return err }, accepted},
	})
	w.reopen()
	if u := w.findUser(Ref{Name: "n", Domain: DomainRef{Name: "d"}}); u == nil || u.ID != "u" {
		t.Errorf("the name is of %+v after a restart", u)
	}
	if u := w.findUser(Ref{Name: "m", Domain: DomainRef{ID: "d"}}); u != nil {
		t.Errorf("the old name finds %+v", u)
	}
}

// TestPasswordBounds: a password has 1 to 4096 bytes.
func TestPasswordBounds(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	longest := strings.Repeat("p", MaxPasswordBytes)
	set := func(password string) func() error {
		return func() error { _, err := w.UpdateUser(ctx, "ann", nil, &password); return err }
	}
	w.newUser(DefaultDomainID, "ann")
	try(t, []attempt{
		{"an empty password", set(""), KindInvalid},
		{"a password beyond the bound", set(longest + "p"), KindInvalid},
		{"a password at the bound", set(longest), accepted},
		{"a new user with a password beyond the bound", func() error {
			_, err := w.CreateUser(ctx, User{Name: "bob", DomainID: DefaultDomainID}, longest+"p")
			return err
		}, KindInvalid},
		{"a login with a password beyond the bound", func() error {
			_, err := w.Authenticate(ctx, passwordLogin("ann", longest+"p", Scope{}))
			return err
		}, KindUnauthorized},
		{"a login with the password at the bound", func() error {
			_, err := w.Authenticate(ctx, passwordLogin("ann", longest, Scope{}))
			return err
		}, accepted},
	})
}

// TestLockedPassword: a user with lock_password cannot change the password, an
// administrator can.
func TestLockedPassword(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	ann := w.member("ann")
	w.setOptions(ann.ID, map[string]any{LockPassword: true})
	byAdmin := "set"
	try(t, []attempt{
		{"by a stranger", func() error { return w.ChangePassword(ctx, "x", "pw", "new") }, KindUnauthorized},
		{"with a wrong password", func() error { return w.ChangePassword(ctx, ann.ID, "no", "new") }, KindUnauthorized},
		{"locked", func() error { return w.ChangePassword(ctx, ann.ID, "pw", "new") }, KindInvalid},
		{"by an administrator", func() error { _, err := w.UpdateUser(ctx, ann.ID, nil, &byAdmin); return err }, accepted},
		{"of an unknown user", func() error { _, err := w.UpdateUser(ctx, "x", nil, &byAdmin); return err }, KindNotFound},
	})
	w.login("ann", "set", Scope{})
	w.setOptions(ann.ID, nil)
	w.ok(w.ChangePassword(ctx, ann.ID, "set", "own"))
	w.login("ann", "own", Scope{})
}
