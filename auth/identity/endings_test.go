// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"testing"
	"time"
)

// setEnabled enables or disables a user, project or domain.
type setEnabled func(bool) error

func (w *world) userSwitch(id string) setEnabled {
	return func(on bool) error {
		_, err := w.UpdateUser(w.t.Context(), id, func(u *User) { u.Enabled = on }, nil)
		return err
	}
}

func (w *world) projectSwitch(id string) setEnabled {
	return func(on bool) error {
		_, err := w.UpdateProject(id, func(p *Project) { p.Enabled = on })
		return err
	}
}

func (w *world) domainSwitch(id string) setEnabled {
	return func(on bool) error {
		_, err := w.UpdateDomain(id, func(d *Domain) { d.Enabled = on })
		return err
	}
}

// offAndOn disables and enables again.
func (w *world) offAndOn(set setEnabled) {
	w.t.Helper()
	w.ok(set(false))
	w.ok(set(true))
}

// foreign makes a domain with a user, a project and the role member on both.
func (w *world) foreign() (domain, project, user string) {
	w.t.Helper()
	d, err := w.CreateDomain(Domain{ID: "d2", Name: "d2", Enabled: true})
	w.ok(err)
	p, err := w.CreateProject(Project{Name: "p2", DomainID: d.ID, Enabled: true})
	w.ok(err)
	u, err := w.CreateUser(w.t.Context(), User{Name: "zoe", DomainID: d.ID, Enabled: true}, "pw")
	w.ok(err)
	role := w.roles.named("", "member").ID
	w.ok(w.AddGrant(Grant{UserID: u.ID, Target: OnProject, TargetID: p.ID, RoleID: role}))
	w.ok(w.AddGrant(Grant{UserID: u.ID, Target: OnDomain, TargetID: d.ID, RoleID: role}))
	return d.ID, p.ID, u.ID
}

func (w *world) loginID(user string, scope Scope) *Token {
	w.t.Helper()
	t, err := w.Authenticate(w.t.Context(), Login{Methods: []string{MethodPassword}, User: Ref{ID: user}, Password: "pw", Scope: scope})
	if err != nil {
		w.t.Fatal(err)
	}
	return t
}

// trustOf makes a trust of the role member on the project admin.
func (w *world) trustOf(trustor, trustee string, impersonation bool, d Redelegation) *Trust {
	w.t.Helper()
	r, err := w.CreateTrust(Trust{TrustorID: trustor, TrusteeID: trustee, Impersonation: impersonation,
		ProjectID: w.projects.named(DefaultDomainID, "admin").ID, RoleIDs: []string{w.roles.named("", "member").ID}}, d)
	w.ok(err)
	return r
}

// TestTokensFromBeforeStayEnded: disabling a user, project or domain ends all
// tokens about the user, project or domain. The tokens stay ended after it is
// enabled again, and new tokens are good at once.
func TestTokensFromBeforeStayEnded(t *testing.T) {
	for name, make := range map[string]func(w *world) (issue func() *Token, set setEnabled){
		"user": func(w *world) (func() *Token, setEnabled) {
			u := w.member("ann")
			return func() *Token { return w.login("ann", "pw", adminScope) }, w.userSwitch(u.ID)
		},
		"user of an unscoped token": func(w *world) (func() *Token, setEnabled) {
			u := w.member("ann")
			return func() *Token { return w.login("ann", "pw", Scope{Kind: ScopeNone}) }, w.userSwitch(u.ID)
		},
		"project": func(w *world) (func() *Token, setEnabled) {
			_, p, u := w.foreign()
			return func() *Token { return w.loginID(u, Scope{Kind: ScopeProject, Project: Ref{ID: p}}) }, w.projectSwitch(p)
		},
		"domain of the user": func(w *world) (func() *Token, setEnabled) {
			d, _, u := w.foreign()
			return func() *Token { return w.loginID(u, Scope{Kind: ScopeNone}) }, w.domainSwitch(d)
		},
		"domain in scope": func(w *world) (func() *Token, setEnabled) {
			d, _, _ := w.foreign()
			u := w.member("ann")
			w.ok(w.AddGrant(Grant{UserID: u.ID, Target: OnDomain, TargetID: d, RoleID: w.roles.named("", "member").ID}))
			return func() *Token { return w.loginID(u.ID, Scope{Kind: ScopeDomain, Domain: DomainRef{ID: d}}) }, w.domainSwitch(d)
		},
		"domain of the project": func(w *world) (func() *Token, setEnabled) {
			d, p, _ := w.foreign()
			u := w.member("ann")
			w.ok(w.AddGrant(Grant{UserID: u.ID, Target: OnProject, TargetID: p, RoleID: w.roles.named("", "member").ID}))
			return func() *Token { return w.loginID(u.ID, Scope{Kind: ScopeProject, Project: Ref{ID: p}}) }, w.domainSwitch(d)
		},
		"user of an application credential": func(w *world) (func() *Token, setEnabled) {
			u := w.member("ann")
			a, err := w.CreateAppCredential(w.t.Context(), AppCredential{Name: "a", UserID: u.ID, ProjectID: w.projects.named(DefaultDomainID, "admin").ID,
				RoleIDs: []string{w.roles.named("", "member").ID}}, "s", nil)
			w.ok(err)
			return func() *Token {
				got, err := w.Authenticate(w.t.Context(), Login{Methods: []string{MethodAppCred}, AppCred: Ref{ID: a.ID}, Secret: "s"})
				w.ok(err)
				return got
			}, w.userSwitch(u.ID)
		},
		"trustor": func(w *world) (func() *Token, setEnabled) {
			ann, bob := w.member("ann"), w.member("bob")
			r := w.trustOf(ann.ID, bob.ID, false, Redelegation{})
			return func() *Token { return w.loginID(bob.ID, Scope{Kind: ScopeTrust, TrustID: r.ID}) }, w.userSwitch(ann.ID)
		},
		"trustee": func(w *world) (func() *Token, setEnabled) {
			ann, bob := w.member("ann"), w.member("bob")
			r := w.trustOf(ann.ID, bob.ID, true, Redelegation{})
			return func() *Token { return w.loginID(bob.ID, Scope{Kind: ScopeTrust, TrustID: r.ID}) }, w.userSwitch(bob.ID)
		},
		"trustee of the trust above": func(w *world) (func() *Token, setEnabled) {
			ann, bob, cat := w.member("ann"), w.member("bob"), w.member("cat")
			above := w.trustOf(ann.ID, bob.ID, true, Redelegation{Allow: true})
			r := w.trustOf(ann.ID, cat.ID, true, Redelegation{From: above.ID})
			return func() *Token { return w.loginID(cat.ID, Scope{Kind: ScopeTrust, TrustID: r.ID}) }, w.userSwitch(bob.ID)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			issue, set := make(w)
			var old []*Token
			check := func(fresh *Token, when string) {
				t.Helper()
				for _, o := range old {
					w.wantValid(o.Text, false, "from before, "+when)
				}
				w.wantValid(fresh.Text, true, "a new one, "+when)
			}
			for range 3 { // all within a second
				old = append(old, issue())
				w.offAndOn(set)
				check(issue(), "at once")
			}
			kept := issue()
			w.reopen()
			check(kept, "after a restart")
			w.clock.advance(10 * time.Second)
			check(kept, "later")
		})
	}
}

// TestTokenAheadOfItsTimeIsEndedToo: a token issued in the second of a
// revocation has a time of issue in the future. A later revocation of the
// token's user ends the token all the same, also after a restart in between.
func TestTokenAheadOfItsTimeIsEndedToo(t *testing.T) {
	for _, restart := range []bool{false, true} {
		w := newWorld(t)
		_, p, u := w.foreign()
		w.offAndOn(w.projectSwitch(p))
		ahead := w.loginID(u, Scope{Kind: ScopeProject, Project: Ref{ID: p}})
		if now := w.clock.Now().Truncate(time.Second); !ahead.IssuedAt.After(now) {
			t.Fatalf("issued at %v, which is no later than %v", ahead.IssuedAt, now)
		}
		if restart {
			w.reopen()
		}
		w.offAndOn(w.userSwitch(u))
		w.wantValid(ahead.Text, false, "the user was disabled and enabled")
		w.clock.advance(time.Minute)
		w.wantValid(ahead.Text, false, "later")
		w.wantValid(w.loginID(u, Scope{Kind: ScopeNone}).Text, true, "a new one")
	}
}

// TestManyEndingsKeepTheTime: many revocations without logins in between put
// the time of the next token ahead by a second at most.
func TestManyEndingsKeepTheTime(t *testing.T) {
	w := newWorld(t)
	u := w.member("ann")
	for range 100 {
		w.offAndOn(w.userSwitch(u.ID))
	}
	got := w.login("ann", "pw", adminScope)
	if ahead := got.IssuedAt.Sub(w.clock.Now()); ahead > time.Second {
		t.Errorf("issued %v ahead of its time", ahead)
	}
	w.wantValid(got.Text, true, "a new one")
}

// TestLeavingAGroupEndsTokens: tokens from before stay ended when the user
// joins the group again.
func TestLeavingAGroupEndsTokens(t *testing.T) {
	w := newWorld(t)
	ann := w.member("ann")
	w.member("bob")
	group := func(name string, granted bool) Membership {
		g, err := w.CreateGroup(Group{Name: name, DomainID: DefaultDomainID})
		w.ok(err)
		m := Membership{GroupID: g.ID, UserID: ann.ID}
		w.ok(w.AddMember(m))
		if granted {
			w.ok(w.AddGrant(Grant{GroupID: g.ID, Target: OnSystem, RoleID: w.roles.named("", "reader").ID}))
		}
		return m
	}
	m := group("g", true)
	kept := w.login("bob", "pw", adminScope)
	old := w.login("ann", "pw", adminScope)
	w.ok(w.RemoveMember(m))
	w.wantValid(old.Text, false, "after leaving")
	w.ok(w.AddMember(m))
	w.wantValid(old.Text, false, "after coming back")
	old = w.login("ann", "pw", adminScope)
	w.ok(w.DeleteGroup(m.GroupID))
	w.wantValid(old.Text, false, "after the group is gone")
	idle := group("idle", false)
	old = w.login("ann", "pw", adminScope)
	w.ok(w.DeleteGroup(idle.GroupID))
	w.wantValid(old.Text, true, "after a group without grants is gone")
	w.wantValid(kept.Text, true, "another user's")
}

// TestDeletedAndMadeAgain: tokens of a deleted user, project or domain are
// invalid for a new user, project or domain of the same ID.
func TestDeletedAndMadeAgain(t *testing.T) {
	w := newWorld(t)
	d, p, _ := w.foreign()
	ann := w.member("ann")
	role := w.roles.named("", "member").ID
	onProject := Grant{UserID: ann.ID, Target: OnProject, TargetID: p, RoleID: role}
	onDomain := Grant{UserID: ann.ID, Target: OnDomain, TargetID: d, RoleID: role}
	w.ok(w.AddGrant(onProject))
	w.ok(w.AddGrant(onDomain))
	own := w.login("ann", "pw", adminScope)
	there := w.loginID(ann.ID, Scope{Kind: ScopeProject, Project: Ref{ID: p}})
	above := w.loginID(ann.ID, Scope{Kind: ScopeDomain, Domain: DomainRef{ID: d}})

	w.ok(w.domainSwitch(d)(false))
	w.ok(w.DeleteDomain(d))
	_, err := w.CreateDomain(Domain{ID: d, Name: "again", Enabled: true})
	w.ok(err)
	_, err = w.CreateProject(Project{ID: p, Name: "again", DomainID: d, Enabled: true})
	w.ok(err)
	w.ok(w.AddGrant(onProject))
	w.ok(w.AddGrant(onDomain))
	w.wantValid(there.Text, false, "on a project that is another")
	w.wantValid(above.Text, false, "on a domain that is another")
	w.wantValid(own.Text, true, "elsewhere")

	w.ok(w.DeleteUser(ann.ID))
	_, err = w.CreateUser(t.Context(), User{ID: ann.ID, Name: "ann", DomainID: DefaultDomainID, Enabled: true}, "pw")
	w.ok(err)
	w.ok(w.AddGrant(Grant{UserID: ann.ID, Target: OnProject, TargetID: w.projects.named(DefaultDomainID, "admin").ID, RoleID: role}))
	w.wantValid(own.Text, false, "of a user who is another")
	w.wantValid(w.login("ann", "pw", adminScope).Text, true, "a new one")
}
