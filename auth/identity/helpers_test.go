// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"
)

// clock is a time set by tests.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// world is a bootstrapped service. A test can close the service and open the
// service again.
type world struct {
	*Service
	t     *testing.T
	dir   string
	clock *clock
	// options are the options of the service without the folder and the clock.
	options Options
}

const adminPassword = "correct horse"

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir(), clock: &clock{now: time.Unix(1700000000, 5e8)}}
	w.open()
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := w.Bootstrap(context.Background(), BootstrapOptions{AdminPassword: adminPassword, PublicURL: "http://h:1"}); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) open() {
	w.t.Helper()
	var err error
	o := w.options
	o.Dir, o.BcryptCost, o.Clock = w.dir, bcrypt.MinCost, w.clock.Now
	if w.Service, err = Open(o); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) reopen() {
	w.t.Helper()
	if err := w.Close(); err != nil {
		w.t.Fatal(err)
	}
	w.open()
}

var adminScope = Scope{Kind: ScopeProject, Project: Ref{Name: "admin", Domain: DomainRef{Name: "Default"}}}

func passwordLogin(user, password string, scope Scope) Login {
	return Login{Methods: []string{MethodPassword}, Password: password, Scope: scope,
		User: Ref{Name: user, Domain: DomainRef{ID: DefaultDomainID}}}
}

func (w *world) login(user, password string, scope Scope) *Token {
	w.t.Helper()
	t, err := w.Authenticate(context.Background(), passwordLogin(user, password, scope))
	if err != nil {
		w.t.Fatalf("login of %s: %v", user, err)
	}
	return t
}

func (w *world) valid(text string) bool {
	_, err := w.Validate(context.Background(), text)
	return err == nil
}

func (w *world) wantValid(text string, want bool, when string) {
	w.t.Helper()
	if got := w.valid(text); got != want {
		w.t.Errorf("%s: valid %v, want %v", when, got, want)
	}
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// member creates a user with the role member on the project admin.
func (w *world) member(name string) *User {
	w.t.Helper()
	u, err := w.CreateUser(context.Background(), User{Name: name, DomainID: DefaultDomainID, Enabled: true}, "pw")
	w.ok(err)
	w.ok(w.AddGrant(Grant{UserID: u.ID, Target: OnProject, TargetID: w.projects.named(DefaultDomainID, "admin").ID,
		RoleID: w.roles.named("", "member").ID}))
	return u
}

// in returns the world for a subtest.
func (w *world) in(t *testing.T) *world {
	sub := *w
	sub.t = t
	return &sub
}

// accepted is the outcome of a call without an error.
const accepted Kind = -1

// outcome returns the kind of err, or accepted for nil.
func outcome(err error) Kind {
	if err == nil {
		return accepted
	}
	return KindOf(err)
}

// attempt is a named call with its outcome.
type attempt struct {
	name string
	do   func() error
	want Kind
}

// try makes all attempts in their order, each as a subtest.
func try(t *testing.T, attempts []attempt) {
	t.Helper()
	for _, a := range attempts {
		t.Run(a.name, func(t *testing.T) {
			if err := a.do(); outcome(err) != a.want {
				t.Errorf("outcome %d, want %d: %v", outcome(err), a.want, err)
			}
		})
	}
}

// made returns the ID of a row that was just created.
func made[T any](w *world, id func(*T) string) func(*T, error) string {
	return func(row *T, err error) string {
		w.t.Helper()
		w.ok(err)
		return id(row)
	}
}

func (w *world) newDomain(id string) string {
	w.t.Helper()
	return made(w, func(d *Domain) string { return d.ID })(w.CreateDomain(Domain{ID: id, Name: id, Enabled: true}))
}

// newProject creates a project with the ID and the name given; parent is a
// project or the domain.
func (w *world) newProject(domain, parent, id string) string {
	w.t.Helper()
	return made(w, func(p *Project) string { return p.ID })(
		w.CreateProject(Project{ID: id, Name: id, DomainID: domain, ParentID: parent, Enabled: true}))
}

// newUser creates a user without a password and without roles.
func (w *world) newUser(domain, id string) string {
	w.t.Helper()
	return made(w, func(u *User) string { return u.ID })(
		w.CreateUser(w.t.Context(), User{ID: id, Name: id, DomainID: domain, Enabled: true}, ""))
}

func (w *world) newGroup(domain, id string) string {
	w.t.Helper()
	return made(w, func(g *Group) string { return g.ID })(w.CreateGroup(Group{ID: id, Name: id, DomainID: domain}))
}

func (w *world) newRole(domain, id string) string {
	w.t.Helper()
	return made(w, func(r *Role) string { return r.ID })(w.CreateRole(Role{ID: id, Name: id, DomainID: domain}))
}

func (w *world) newService(id string) string {
	w.t.Helper()
	return made(w, func(c *CatalogService) string { return c.ID })(
		w.CreateService(CatalogService{ID: id, Type: id, Enabled: true}))
}

// adminProject returns the ID of the project admin.
func (w *world) adminProject() string { return w.projects.named(DefaultDomainID, "admin").ID }

// roleID returns the ID of a global role.
func (w *world) roleID(name string) string { return w.roles.named("", name).ID }

// fill stores n rows in a single change, made by row out of their numbers. The
// checks of the Service's methods are left out: fill is for tests of bounds.
func fill[T any](w *world, tab *table[T], n int, row func(i int) (id string, value *T)) {
	w.t.Helper()
	w.ok(w.update(func(t *tx) error {
		for i := range n {
			id, value := row(i)
			put(t, tab, id, value)
		}
		return nil
	}))
}
