// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// newTrusts makes the users ann (a member and a reader of the project admin),
// bob, cat and dan, who have no role.
func (w *world) newTrusts() {
	w.t.Helper()
	for _, name := range []string{"ann", "bob", "cat", "dan"} {
		hash := func(u *User) { u.PasswordHash = w.users.named(DefaultDomainID, "admin").PasswordHash }
		w.newUser(DefaultDomainID, name)
		_, err := w.UpdateUser(w.t.Context(), name, hash, nil)
		w.ok(err)
	}
	w.ok(w.AddGrant(Grant{UserID: "ann", Target: OnProject, TargetID: w.adminProject(), RoleID: w.roleID("member")}))
}

// trust returns a trust of ann for bob with the role member, changed by change.
func (w *world) trust(change func(*Trust)) Trust {
	r := Trust{TrustorID: "ann", TrusteeID: "bob", ProjectID: w.adminProject(), RoleIDs: []string{w.roleID("member")}}
	change(&r)
	return r
}

// asTrustee logs a trustee in for a trust.
func (w *world) asTrustee(user, trust string) (*Token, error) {
	return w.Authenticate(w.t.Context(), Login{Methods: []string{MethodPassword}, User: Ref{ID: user},
		Password: adminPassword, Scope: Scope{Kind: ScopeTrust, TrustID: trust}})
}

// TestTrustRefusals: users, project and roles of a trust.
func TestTrustRefusals(t *testing.T) {
	w := newWorld(t)
	w.newTrusts()
	create := func(change func(*Trust)) func() error {
		return func() error { _, err := w.CreateTrust(w.trust(change), Redelegation{}); return err }
	}
	try(t, []attempt{
		{"a trust", create(func(*Trust) {}), accepted},
		{"of an implied role", create(func(r *Trust) { r.RoleIDs = []string{w.roleID("reader")} }), accepted},
		{"without a project", create(func(r *Trust) { r.ProjectID, r.RoleIDs = "", nil }), accepted},
		{"an unknown trustor", create(func(r *Trust) { r.TrustorID = "x" }), KindNotFound},
		{"an unknown trustee", create(func(r *Trust) { r.TrusteeID = "x" }), KindNotFound},
		{"an unknown project", create(func(r *Trust) { r.ProjectID = "x" }), KindNotFound},
		{"without roles", create(func(r *Trust) { r.RoleIDs = nil }), KindForbidden},
		{"a role that the trustor lacks", create(func(r *Trust) { r.RoleIDs = append(r.RoleIDs, w.roleID("admin")) }), KindNotFound},
		{"an unknown role", create(func(r *Trust) { r.RoleIDs = []string{"x"} }), KindNotFound},
		{"of a trustor without roles", create(func(r *Trust) { r.TrustorID = "bob" }), KindNotFound},
		{"a deletion of an unknown trust", func() error { return w.DeleteTrust("x") }, KindNotFound},
	})
	if n := len(w.Trusts(func(r *Trust) bool { return r.TrustorID == "ann" })); n != 3 {
		t.Errorf("ann has %d trusts", n)
	}
}

// TestTrustTokens: who a trust's token stands for, with which roles.
func TestTrustTokens(t *testing.T) {
	w := newWorld(t)
	w.newTrusts()
	for _, impersonation := range []bool{false, true} {
		user := map[bool]string{false: "bob", true: "ann"}[impersonation]
		t.Run("a token of "+user, func(t *testing.T) {
			w := w.in(t)
			r, err := w.CreateTrust(w.trust(func(r *Trust) { r.Impersonation = impersonation }), Redelegation{})
			w.ok(err)
			token, err := w.asTrustee("bob", r.ID)
			w.ok(err)
			if token.User.ID != user || token.Trust == nil || token.Trust.ID != r.ID || !token.Delegated() || token.Project.ID != w.adminProject() ||
				!slices.Equal(names(token.Roles), []string{"reader", "member"}) {
				t.Errorf("the token is %+v", token)
			}
			for _, bad := range []struct {
				user, trust string
				want        Kind
			}{{"cat", r.ID, KindForbidden}, {"ann", r.ID, KindForbidden}, {"bob", "x", KindUnauthorized}} {
				if _, err := w.asTrustee(bad.user, bad.trust); KindOf(err) != bad.want {
					t.Errorf("%s with the trust %s: %v", bad.user, bad.trust, err)
				}
			}
			w.ok(w.DeleteTrust(r.ID))
			w.wantValid(token.Text, false, "after the trust is deleted")
		})
	}
}

// TestTrustNeedsTheTrustorsRoles: a role lost by the trustor ends the tokens of
// the whole trust, and a role that comes back brings them back.
func TestTrustNeedsTheTrustorsRoles(t *testing.T) {
	w := newWorld(t)
	w.newTrusts()
	r, err := w.CreateTrust(w.trust(func(r *Trust) { r.RoleIDs = append(r.RoleIDs, w.roleID("reader")) }), Redelegation{})
	w.ok(err)
	token, err := w.asTrustee("bob", r.ID)
	w.ok(err)
	g := Grant{UserID: "ann", Target: OnProject, TargetID: w.adminProject(), RoleID: w.roleID("member")}
	reader := g
	reader.RoleID = w.roleID("reader")
	w.ok(w.AddGrant(reader))
	w.ok(w.RemoveGrant(g))
	w.wantValid(token.Text, false, "without the role member")
	if _, err := w.asTrustee("bob", r.ID); KindOf(err) != KindUnauthorized {
		t.Errorf("a login without the role: %v", err)
	}
	w.ok(w.AddGrant(g))
	w.wantValid(token.Text, true, "with the role again")
}

// TestTrustExpires: at its time, with all its tokens.
func TestTrustExpires(t *testing.T) {
	w := newWorld(t)
	w.newTrusts()
	end := w.clock.Now().Add(10 * time.Minute)
	r, err := w.CreateTrust(w.trust(func(r *Trust) { r.ExpiresAt = &end }), Redelegation{})
	w.ok(err)
	token, err := w.asTrustee("bob", r.ID)
	w.ok(err)
	if token.ExpiresAt.After(end) || end.Sub(token.ExpiresAt) >= time.Second {
		t.Errorf("the token expires at %v, the trust at %v", token.ExpiresAt, end)
	}
	w.clock.advance(10*time.Minute - time.Second)
	if _, err := w.Trust(r.ID); err != nil {
		t.Errorf("a second before the end: %v", err)
	}
	w.clock.advance(time.Second)
	w.wantValid(token.Text, false, "at the end")
	if _, err := w.Trust(r.ID); KindOf(err) != KindNotFound {
		t.Errorf("at the end: %v", err)
	}
	if _, err := w.asTrustee("bob", r.ID); KindOf(err) != KindUnauthorized {
		t.Errorf("a login at the end: %v", err)
	}
	if _, err := w.ValidateToken(token.Text, true); KindOf(err) != KindNotFound {
		t.Errorf("an expired token of an expired trust: %v", err)
	}
	if n := len(w.Trusts(nil)); n != 1 {
		t.Errorf("%d trusts are listed", n)
	}
}

// TestTrustUses: each token takes a use, the last token is good, and a use
// spent stays spent after a restart.
func TestTrustUses(t *testing.T) {
	w := newWorld(t)
	w.newTrusts()
	uses := 2
	r, err := w.CreateTrust(w.trust(func(r *Trust) { r.RemainingUses = &uses }), Redelegation{})
	w.ok(err)
	login := func() error { _, err := w.asTrustee("bob", r.ID); return err }
	left := func(n int) func() error {
		return func() error {
			if got := *w.trusts.rows[r.ID].RemainingUses; got != n {
				t.Errorf("%d uses are left, want %d", got, n)
			}
			return nil
		}
	}
	try(t, []attempt{
		{"a refused login takes no use", func() error { _, err := w.asTrustee("cat", r.ID); return err }, KindForbidden},
		{"two are left", left(2), accepted},
		{"the first use", login, accepted},
		{"one is left", left(1), accepted},
		{"a restart", func() error { w.reopen(); return nil }, accepted},
		{"the last use", login, accepted},
		{"no use", login, KindForbidden},
		{"none is left", left(0), accepted},
		{"a used-up trust is not found", func() error { _, err := w.Trust(r.ID); return err }, KindNotFound},
	})
	if uses != 2 {
		t.Errorf("the caller's count is %d", uses)
	}
}

// TestTrustsAreBounded per trustor.
func TestTrustsAreBounded(t *testing.T) {
	w := newWorld(t)
	w.newTrusts()
	fill(w, w.trusts, maxTrusts-1, func(i int) (string, *Trust) {
		r := w.trust(func(r *Trust) { r.ID = fmt.Sprint(i) })
		return r.ID, &r
	})
	create := func() error { _, err := w.CreateTrust(w.trust(func(*Trust) {}), Redelegation{}); return err }
	try(t, []attempt{
		{"the last", create, accepted},
		{"beyond the bound", create, KindForbidden},
		{"a deletion", func() error { return w.DeleteTrust("0") }, accepted},
		{"in the place of the deleted", create, accepted},
	})
}

// TestRedelegationRefusals: a trust made with a trust gives no more than the
// trust above.
func TestRedelegationRefusals(t *testing.T) {
	w := newWorld(t)
	w.newTrusts()
	w.newProject(DefaultDomainID, DefaultDomainID, "elsewhere")
	w.ok(w.AddGrant(Grant{UserID: "ann", Target: OnProject, TargetID: "elsewhere", RoleID: w.roleID("member")}))
	w.ok(w.AddGrant(Grant{UserID: "ann", Target: OnProject, TargetID: w.adminProject(), RoleID: w.roleID("service")}))
	now := w.clock.Now()
	at := func(d time.Duration) *time.Time { end := now.Add(d); return &end }
	n := func(n int) *int { return &n }
	above, err := w.CreateTrust(w.trust(func(r *Trust) { r.ID, r.ExpiresAt = "above", at(time.Hour) }), Redelegation{Allow: true, Count: n(2)})
	w.ok(err)
	_, err = w.CreateTrust(w.trust(func(r *Trust) { r.ID = "closed" }), Redelegation{})
	w.ok(err)
	_, err = w.CreateTrust(w.trust(func(r *Trust) { r.ID, r.ExpiresAt = "ended", at(-time.Second) }), Redelegation{Allow: true})
	w.ok(err)
	if above.Redelegations != 2 {
		t.Fatalf("%d redelegations", above.Redelegations)
	}
	plain := func(*Trust) {}
	for _, row := range []struct {
		name   string
		change func(*Trust)
		d      Redelegation
		want   Kind
	}{
		{"the largest count at the top", plain, Redelegation{Allow: true, Count: n(maxRedelegations)}, accepted},
		{"a count beyond the bound", plain, Redelegation{Allow: true, Count: n(maxRedelegations + 1)}, KindForbidden},
		{"a negative count", plain, Redelegation{Allow: true, Count: n(-1)}, KindForbidden},
		{"uses in a trust to redelegate", func(r *Trust) { r.RemainingUses = n(1) }, Redelegation{Allow: true}, KindInvalid},
		{"below an unknown trust", plain, Redelegation{From: "x"}, KindNotFound},
		{"below an expired trust", plain, Redelegation{From: "ended"}, KindNotFound},
		{"below a trust without redelegation", plain, Redelegation{From: "closed"}, KindForbidden},
		{"below", plain, Redelegation{From: "above"}, accepted},
		{"below with the count left", plain, Redelegation{From: "above", Allow: true, Count: n(1)}, accepted},
		{"below with a different count", plain, Redelegation{From: "above", Allow: true, Count: n(2)}, KindForbidden},
		{"below with uses", func(r *Trust) { r.RemainingUses = n(1) }, Redelegation{From: "above"}, KindForbidden},
		{"below with a later end", func(r *Trust) { r.ExpiresAt = at(time.Hour + time.Second) }, Redelegation{From: "above"}, KindForbidden},
		{"below with the same end", func(r *Trust) { r.ExpiresAt = at(time.Hour) }, Redelegation{From: "above"}, accepted},
		{"below with impersonation", func(r *Trust) { r.Impersonation = true }, Redelegation{From: "above"}, KindForbidden},
		{"below with a role more", func(r *Trust) { r.RoleIDs = append(r.RoleIDs, w.roleID("service")) }, Redelegation{From: "above"}, KindForbidden},
		{"below on a different project", func(r *Trust) { r.ProjectID = "elsewhere" }, Redelegation{From: "above"}, KindForbidden},
	} {
		try(t, []attempt{{row.name, func() error { _, err := w.CreateTrust(w.trust(row.change), row.d); return err }, row.want}})
	}
	for _, r := range w.Trusts(func(r *Trust) bool { return r.RedelegatedFrom == "above" }) {
		if r.ExpiresAt == nil || r.ExpiresAt.After(*above.ExpiresAt) {
			t.Errorf("a trust below ends at %v", r.ExpiresAt)
		}
	}
}

// TestTrustChain: a chain has three trusts below the first, a token of the
// last ends with any trust or user above, and a deletion takes all trusts
// below along.
func TestTrustChain(t *testing.T) {
	w := newWorld(t)
	w.newTrusts()
	link := func(i int) string { return fmt.Sprintf("%032x", i) } // tokens hold the IDs of trusts as UUIDs
	chain := func() {
		w.t.Helper()
		from := ""
		for i, trustee := range []string{"bob", "cat", "dan", "bob"} {
			r, err := w.CreateTrust(w.trust(func(r *Trust) { r.ID, r.TrusteeID = link(i), trustee }),
				Redelegation{Allow: i < maxRedelegations, From: from})
			w.ok(err)
			if r.Redelegations != maxRedelegations-i || r.RedelegatedFrom != from {
				t.Errorf("trust %d is %+v", i, r)
			}
			from = r.ID
		}
	}
	chain()
	if _, err := w.CreateTrust(w.trust(func(*Trust) {}), Redelegation{From: link(3)}); KindOf(err) != KindForbidden {
		t.Errorf("a fourth trust below the first: %v", err)
	}
	for _, row := range []struct {
		id, ancestor string
		want         bool
	}{{link(3), link(0), true}, {link(3), link(3), true}, {link(1), link(2), false}, {link(3), "x", false}, {"x", link(0), false}} {
		if got := w.TrustDescends(row.id, row.ancestor); got != row.want {
			t.Errorf("%s descends from %s: %v", row.id, row.ancestor, got)
		}
	}
	token, err := w.asTrustee("bob", link(3))
	w.ok(err)
	w.wantValid(token.Text, true, "of the whole chain")
	_, err = w.UpdateUser(t.Context(), "cat", func(u *User) { u.Enabled = false }, nil)
	w.ok(err)
	w.wantValid(token.Text, false, "with a trustee in the middle disabled")
	if _, err := w.asTrustee("bob", link(3)); KindOf(err) != KindUnauthorized {
		t.Errorf("a login with a trustee in the middle disabled: %v", err)
	}
	_, err = w.UpdateUser(t.Context(), "cat", func(u *User) { u.Enabled = true }, nil)
	w.ok(err)
	token, err = w.asTrustee("bob", link(3))
	w.ok(err)
	w.ok(w.DeleteTrust(link(1)))
	w.wantValid(token.Text, false, "with a trust in the middle deleted")
	check := func(when string, want int) {
		t.Helper()
		if n := len(w.Trusts(nil)); n != want {
			t.Errorf("%s: %d trusts, want %d", when, n, want)
		}
	}
	check("after the deletion", 1)
	w.reopen()
	check("after a restart", 1)
	w.ok(w.DeleteTrust(link(0)))
	chain()
	w.ok(w.DeleteUser("cat")) // the trustee of t1
	check("after a trustee is deleted", 1)
}
