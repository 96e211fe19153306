// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"golang.org/x/crypto/bcrypt"
)

// storedTable is a table without the type of its rows, for dump.
type storedTable interface{ dumped() any }

func (t *table[T]) dumped() any { return t.sorted() }

// dump returns the rows of each table as JSON, by the table's kind.
func (w *world) dump() map[byte]string {
	w.t.Helper()
	out := map[byte]string{}
	for kind, t := range w.byKind {
		b, err := json.Marshal(t.(storedTable).dumped())
		w.ok(err)
		out[kind] = string(b)
	}
	return out
}

// TestEverythingComesBack after the store was closed: rows of all tables, with
// all their fields, and the indexes made of them.
func TestEverythingComesBack(t *testing.T) {
	w := newWorld(t)
	w.writeEveryTable()
	before, grants, groups := w.dump(), w.actorGrants, w.userGroups
	for kind, rows := range before {
		if rows == "[]" {
			t.Errorf("no row of the table %q: writeEveryTable makes none", kind)
		}
	}
	for range 2 {
		w.reopen()
		if after := w.dump(); !reflect.DeepEqual(after, before) {
			for kind := range before {
				if after[kind] != before[kind] {
					t.Errorf("table %q after:\n%s\nbefore:\n%s", kind, after[kind], before[kind])
				}
			}
		}
		if !reflect.DeepEqual(w.actorGrants, grants) || !reflect.DeepEqual(w.userGroups, groups) {
			t.Errorf("grants %v, were %v; groups %v, were %v", w.actorGrants, grants, w.userGroups, groups)
		}
	}
}

// writeEveryTable makes a row with all fields set in each table.
func (w *world) writeEveryTable() {
	w.t.Helper()
	ctx := w.t.Context()
	extra := map[string]any{"email": "é", "n": map[string]any{"a": 1.5, "b": []any{nil, true}}}
	text, uses, end := "a text", 3, w.clock.Now().Add(time.Hour).UTC()
	_, err := w.CreateDomain(Domain{ID: "d", Name: "d", Description: text, Enabled: true, Tags: []string{"t"}, Immutable: true, Extra: extra})
	w.ok(err)
	_, err = w.CreateProject(Project{ID: "p", Name: "p", DomainID: "d", Description: text, Tags: []string{"t"}, Immutable: true, Enabled: true, Extra: extra})
	w.ok(err)
	_, err = w.CreateUser(ctx, User{ID: "ann", Name: "ann", DomainID: DefaultDomainID, Enabled: true, DefaultProjectID: w.adminProject(),
		Options: map[string]any{IgnoreLockout: true}, Extra: extra}, "pw")
	w.ok(err)
	member := w.roleID("member")
	_, err = w.CreateRole(Role{ID: "r", Name: "r", DomainID: "d", Description: &text, Immutable: true})
	w.ok(err)
	w.ok(w.ImplyRole("r", member))
	_, err = w.CreateGroup(Group{ID: "g", Name: "g", DomainID: "d", Description: text, Extra: extra})
	w.ok(err)
	w.ok(w.AddMember(Membership{GroupID: "g", UserID: "ann"}))
	w.ok(w.AddGrant(Grant{UserID: "ann", Target: OnProject, TargetID: w.adminProject(), RoleID: member}))
	w.ok(w.AddGrant(Grant{GroupID: "g", Target: OnDomain, TargetID: "d", RoleID: "r", Inherited: true}))
	_, err = w.CreateAppCredential(ctx, AppCredential{Name: "a", UserID: "ann", ProjectID: w.adminProject(), RoleIDs: []string{member},
		Description: &text, ExpiresAt: &end, Unrestricted: true}, "s", []AccessRule{{Service: "image", Method: "GET", Path: "/v2/images"}})
	w.ok(err)
	_, err = w.CreateTrust(Trust{TrustorID: "ann", TrusteeID: "ann", ProjectID: w.adminProject(), RoleIDs: []string{member},
		Impersonation: true, ExpiresAt: &end, RemainingUses: &uses}, Redelegation{})
	w.ok(err)
	_, err = w.CreateCredential(Credential{UserID: "ann", ProjectID: "p", Type: "cert", Blob: "b"})
	w.ok(err)
	_, err = w.CreateRegion(Region{ID: "inner", Description: text, ParentID: DefaultRegion, Extra: extra})
	w.ok(err)
	_, err = w.CreateService(CatalogService{ID: "svc", Type: "x", Enabled: true, Extra: extra})
	w.ok(err)
	_, err = w.CreateEndpoint(Endpoint{ServiceID: "svc", Interface: "admin", RegionID: "inner", URL: "http://x", Enabled: true, Extra: extra})
	w.ok(err)
	_, err = w.CreateRegisteredLimits([]RegisteredLimit{{ServiceID: "svc", RegionID: "inner", ResourceName: "r", DefaultLimit: 4, Description: &text}})
	w.ok(err)
	_, err = w.CreateLimits([]Limit{{DomainID: "d", ServiceID: "svc", RegionID: "inner", ResourceName: "r", ResourceLimit: -1, Description: &text}})
	w.ok(err)
	w.ok(w.RevokeToken(w.login("ann", "pw", adminScope).Text))
}

// TestDeletesCascade: no row is left about a deleted row.
func TestDeletesCascade(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	count := func() [4]int {
		return [4]int{len(w.Grants(nil)), len(w.Endpoints(nil)), len(w.AppCredentials(nil)), len(list(w.Service, w.implications, nil))}
	}
	want := count()
	_, err := w.CreateDomain(Domain{ID: "d", Name: "d", Enabled: true})
	w.ok(err)
	p, err := w.CreateProject(Project{DomainID: "d", Name: "p", Enabled: true})
	w.ok(err)
	child, err := w.CreateProject(Project{DomainID: "d", ParentID: p.ID, Name: "child", Enabled: true})
	w.ok(err)
	if KindOf(w.DeleteProject(p.ID)) != KindForbidden {
		t.Error("a project with a child was deleted")
	}
	u, err := w.CreateUser(ctx, User{DomainID: "d", Name: "u", Enabled: true}, "pw")
	w.ok(err)
	r, err := w.CreateRole(Role{DomainID: "d", Name: "r"})
	w.ok(err)
	w.ok(w.ImplyRole(r.ID, w.roles.named("", "reader").ID))
	for _, g := range []Grant{{Target: OnProject, TargetID: child.ID}, {Target: OnDomain, TargetID: "d"}} {
		g.UserID, g.RoleID = u.ID, r.ID
		w.ok(w.AddGrant(g))
	}
	_, err = w.CreateAppCredential(ctx, AppCredential{Name: "a", UserID: u.ID, ProjectID: child.ID, RoleIDs: []string{w.roles.named("", "reader").ID}}, "s", nil)
	w.ok(err)
	w.ok(w.DeleteProject(child.ID))
	if got := count(); got[2] != want[2] {
		t.Errorf("an application credential outlived its project")
	}
	s, err := w.CreateService(CatalogService{Type: "x", Enabled: true})
	w.ok(err)
	_, err = w.CreateEndpoint(Endpoint{ServiceID: s.ID, Interface: "public", URL: "http://x"})
	w.ok(err)
	w.ok(w.DeleteService(s.ID))
	if KindOf(w.DeleteDomain("d")) != KindForbidden {
		t.Error("an enabled domain was deleted")
	}
	_, err = w.UpdateDomain("d", func(d *Domain) { d.Enabled = false })
	w.ok(err)
	w.ok(w.DeleteDomain("d"))
	if got := count(); got != want {
		t.Errorf("left %v, want %v", got, want)
	}
	if w.findUser(Ref{Name: "u", Domain: DomainRef{ID: "d"}}) != nil || len(w.actorGrants["user/"+u.ID]) != 0 {
		t.Error("the user is still found")
	}
	w.reopen()
	if got := count(); got != want {
		t.Errorf("left %v on disk, want %v", got, want)
	}
}

// TestSecondProcessIsRefused: a second process cannot open the store. A store
// with a row that cannot be read is refused too.
func TestSecondProcessIsRefused(t *testing.T) {
	w := newWorld(t)
	if other, err := Open(Options{Dir: w.dir, BcryptCost: bcrypt.MinCost}); err == nil {
		t.Errorf("opened twice: %v", other.Close())
	}
	for key, value := range map[string]string{"u1": "\x02{}", "u2": "\x01{", "u3": "", "?4": "\x01{}"} {
		b := w.db.NewBatch()
		w.ok(b.Set([]byte(key), []byte(value), nil))
		w.ok(w.db.Commit(b, true))
		w.ok(w.Close())
		if s, err := Open(Options{Dir: w.dir, BcryptCost: bcrypt.MinCost}); err == nil {
			t.Errorf("row %q = %q was read: %v", key, value, s.Close())
		}
		db, err := pebble.Open(w.dir+"/db", &pebble.Options{Logger: pebble.DefaultLogger})
		w.ok(err)
		w.ok(db.Delete([]byte(key), pebble.Sync))
		w.ok(db.Close())
		w.open()
	}
}

// TestClosedTakesNoWrites: a write after Close is an error, no panic.
func TestClosedTakesNoWrites(t *testing.T) {
	w := newWorld(t)
	w.ok(w.Close())
	_, err := w.CreateRole(Role{Name: "late"})
	if KindOf(err) != KindUnavailable || w.roles.named("", "late") != nil {
		t.Errorf("a write after Close: %v", err)
	}
	w.open()
}

func TestURLTemplates(t *testing.T) {
	vars := func(name string) (string, bool) { return "P", name == "project_id" }
	for in, want := range map[string]string{
		"http://h/x": "http://h/x", "http://h/$(project_id)s": "http://h/P", "http://h/%(project_id)s/y": "http://h/P/y",
		"a%%b": "a%b", "a$b": "a$b", "$": "$",
		"$(other)s": "", "$(project_id)": "", "a%b": "", "%": "", "$(project_id": "",
	} {
		got, err := expandURL(in, vars)
		if got != want || (err != nil) != (want == "") {
			t.Errorf("%q became %q, %v", in, got, err)
		}
	}
}

func FuzzExpandURL(f *testing.F) {
	f.Add("http://h/$(project_id)s%%")
	f.Fuzz(func(t *testing.T, in string) {
		got, err := expandURL(in, validateVars)
		if err == nil && len(got) > 2*len(in) {
			t.Fatalf("%q grew to %q", in, got)
		}
	})
}
