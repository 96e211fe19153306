package identity

import (
	"context"
	"encoding/json"
	"reflect"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"golang.org/x/crypto/bcrypt"
)

// dump is all that the tables hold, as text.
func (w *world) dump() string {
	w.t.Helper()
	b, err := json.Marshal([]any{w.Domains(nil), w.Projects(nil), w.Users(nil), w.Roles(nil), w.Grants(nil),
		w.Regions(nil), w.Services(nil), w.Endpoints(nil), w.AppCredentials(nil),
		list(w.Service, w.implications, nil), list(w.Service, w.revocations, nil)})
	w.ok(err)
	return string(b)
}

// TestEverythingComesBack after the store was closed.
func TestEverythingComesBack(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	ann := w.member("ann")
	member := w.roles.named("", "member").ID
	project := w.projects.named(DefaultDomainID, "admin").ID
	_, err := w.CreateAppCredential(ctx, AppCredential{Name: "a", UserID: ann.ID, ProjectID: project, RoleIDs: []string{member}}, "s", nil)
	w.ok(err)
	_, err = w.UpdateUser(ctx, ann.ID, func(u *User) { u.Extra = map[string]any{"email": "é", "n": map[string]any{"a": 1.5}} }, nil)
	w.ok(err)
	w.ok(w.RevokeToken(w.login("ann", "pw", adminScope).Text))
	before, grants := w.dump(), w.actorGrants
	w.reopen()
	if after := w.dump(); after != before {
		t.Errorf("after:\n%s\nbefore:\n%s", after, before)
	}
	if !reflect.DeepEqual(w.actorGrants, grants) {
		t.Errorf("grants by user: %v, were %v", w.actorGrants, grants)
	}
}

// TestDeletesCascade: nothing is left that points to what is gone.
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

// TestSecondProcessIsRefused, and what cannot be read is not guessed at.
func TestSecondProcessIsRefused(t *testing.T) {
	w := newWorld(t)
	if other, err := Open(Options{Dir: w.dir, BcryptCost: bcrypt.MinCost}); err == nil {
		t.Errorf("opened twice: %v", other.Close())
	}
	for key, value := range map[string]string{"u1": "\x02{}", "u2": "\x01{", "u3": "", "?4": "\x01{}"} {
		w.ok(w.db.Set([]byte(key), []byte(value), pebble.Sync))
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

// TestClosedTakesNoWrites rather than panic.
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
