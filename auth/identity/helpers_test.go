package identity

import (
	"context"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"
)

// clock is a time that tests set.
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

// world is a bootstrapped service that can be closed and opened again.
type world struct {
	*Service
	t     *testing.T
	dir   string
	clock *clock
	// options are those of the service besides the folder and the clock.
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
