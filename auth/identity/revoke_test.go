// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"fmt"
	"testing"
	"time"
)

// revoked fills the owner's rows up to n, in a single change.
func (w *world) revoked(owner tokenOwner, n int) {
	w.t.Helper()
	w.ok(w.update(func(t *tx) error {
		for i := len(w.Service.revoked.owned[owner]); i < n; i++ {
			w.revokeTx(t, Revocation{AuditID: fmt.Sprint(owner, i), OwnerID: owner.userID, DelegationID: owner.delegationID})
		}
		return nil
	}))
}

// TestRevocationsOfAUserAreBounded: the row beyond the bound replaces all rows
// of the user. Tokens ended by the replaced rows stay ended, also after a
// restart, and new tokens are good.
func TestRevocationsOfAUserAreBounded(t *testing.T) {
	w := newWorld(t)
	ann := w.member("ann")
	w.member("bob")
	owner := tokenOwner{userID: ann.ID}
	bobs := w.login("bob", "pw", adminScope)
	first := w.login("ann", "pw", adminScope)
	w.ok(w.RevokeToken(first.Text))
	w.revoked(owner, revocationsPerOwner-1)
	last, kept := w.login("ann", "pw", adminScope), w.login("ann", "pw", adminScope)
	w.ok(w.RevokeToken(last.Text))
	w.wantValid(kept.Text, true, "another token at the bound")
	if n := len(w.Service.revoked.owned[owner]); n != revocationsPerOwner {
		t.Errorf("%d rows at the bound", n)
	}
	beyond := w.login("ann", "pw", adminScope)
	w.ok(w.RevokeToken(beyond.Text))
	if n := len(list(w.Service, w.revocations, nil)); n != 1 {
		t.Errorf("%d rows beyond the bound", n)
	}
	fresh := w.login("ann", "pw", adminScope)
	check := func(when string) {
		t.Helper()
		for name, old := range map[string]*Token{"first": first, "last": last, "one beyond": beyond, "kept": kept} {
			w.wantValid(old.Text, false, name+" "+when)
		}
		w.wantValid(fresh.Text, true, "a new one "+when)
		w.wantValid(bobs.Text, true, "another user's "+when)
	}
	check("at once")
	w.reopen()
	check("after a restart")
	w.clock.advance(DefaultTokenLife + ExpiredWindow)
	for _, old := range []*Token{first, beyond} {
		if _, err := w.ValidateToken(old.Text, true); err == nil {
			t.Error("an expired token that was revoked is let in for a service")
		}
	}
}

// TestDelegatesEndTheirOwnTokens: revocations without end by the holder of an
// application credential end no token of the user's own logins.
func TestDelegatesEndTheirOwnTokens(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	ann := w.member("ann")
	a, err := w.CreateAppCredential(ctx, AppCredential{Name: "a", UserID: ann.ID,
		ProjectID: w.projects.named(DefaultDomainID, "admin").ID, RoleIDs: []string{w.roles.named("", "member").ID}}, "s", nil)
	w.ok(err)
	delegate := func() *Token {
		t.Helper()
		token, err := w.Authenticate(ctx, Login{Methods: []string{MethodAppCred}, AppCred: Ref{ID: a.ID}, Secret: "s"})
		w.ok(err)
		return token
	}
	own, first, kept := w.login("ann", "pw", adminScope), delegate(), delegate()
	w.ok(w.RevokeToken(first.Text))
	w.revoked(tokenOwner{ann.ID, a.ID}, revocationsPerOwner)
	w.ok(w.RevokeToken(delegate().Text))
	w.reopen()
	w.wantValid(own.Text, true, "the user's own token")
	w.wantValid(first.Text, false, "the delegate's first token")
	w.wantValid(kept.Text, false, "the delegate's other token")
	w.wantValid(delegate().Text, true, "a new one")
	if n := len(list(w.Service, w.revocations, nil)); n != 1 {
		t.Errorf("%d rows", n)
	}
}

// TestRevocationsAreBounded: beyond the bound of all users together, a
// revocation ends all tokens of its user with a single row, and a user gets no
// second row.
func TestRevocationsAreBounded(t *testing.T) {
	w := newWorld(t)
	if w.Service.revoked.max != revocationsMax {
		t.Errorf("%d rows at most", w.Service.revoked.max)
	}
	const most = 500 // as many as there are by default take a minute
	w.Service.revoked.max = most
	w.member("ann")
	w.revoked(tokenOwner{userID: "one"}, most/2)
	w.revoked(tokenOwner{userID: "two"}, most/2-1)
	one, two := w.login("ann", "pw", adminScope), w.login("ann", "pw", adminScope)
	w.ok(w.RevokeToken(one.Text))
	w.wantValid(two.Text, true, "another token at the bound")
	w.ok(w.RevokeToken(two.Text))
	for range 3 {
		token := w.login("ann", "pw", adminScope)
		w.wantValid(token.Text, true, "a new token beyond the bound")
		w.ok(w.RevokeToken(token.Text))
		w.wantValid(token.Text, false, "a token that was revoked beyond the bound")
	}
	w.wantValid(one.Text, false, "a token that was revoked at the bound")
	if n := len(list(w.Service, w.revocations, nil)); n != most {
		t.Errorf("%d rows", n)
	}
}

// TestOneRowReachesAsFarAsMany: a token's time of issue is in the future,
// because the project was revoked many times in the same second. The token
// stays ended after a single row has replaced its row.
func TestOneRowReachesAsFarAsMany(t *testing.T) {
	w := newWorld(t)
	ann := w.member("ann")
	project := w.projects.named(DefaultDomainID, "admin").ID
	for range 5 {
		w.ok(w.update(func(t *tx) error {
			w.revokeTx(t, Revocation{ProjectID: project})
			return nil
		}))
		w.login("ann", "pw", adminScope) // what the next one ends is a second later
	}
	ahead := w.login("ann", "pw", adminScope)
	if !ahead.IssuedAt.After(w.clock.Now().Add(2 * time.Second)) {
		t.Fatalf("issued at %v", ahead.IssuedAt)
	}
	w.ok(w.RevokeToken(ahead.Text))
	w.revoked(tokenOwner{userID: ann.ID}, revocationsPerOwner)
	w.ok(w.RevokeToken(w.login("ann", "pw", Scope{}).Text))
	w.reopen()
	w.wantValid(ahead.Text, false, "the token whose time lies ahead")
}
