// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"needletail/auth"
)

// newCredential makes an application credential of ann with the role member.
func (w *world) newCredential(change func(*AppCredential), rules []AccessRule) (*AppCredential, error) {
	a := AppCredential{Name: NewID(), UserID: "ann", ProjectID: w.adminProject(), RoleIDs: []string{w.roleID("member")}}
	if change != nil {
		change(&a)
	}
	return w.CreateAppCredential(w.t.Context(), a, "s", rules)
}

// newAnn makes the user ann with the role member on the project admin.
func (w *world) newAnn() {
	w.t.Helper()
	w.newUser(DefaultDomainID, "ann")
	w.ok(w.AddGrant(Grant{UserID: "ann", Target: OnProject, TargetID: w.adminProject(), RoleID: w.roleID("member")}))
}

// TestAppCredentialRefusals: user, project, roles and names of credentials.
func TestAppCredentialRefusals(t *testing.T) {
	w := newWorld(t)
	w.newAnn()
	w.newUser(DefaultDomainID, "bob")
	create := func(change func(*AppCredential)) func() error {
		return func() error { _, err := w.newCredential(change, nil); return err }
	}
	try(t, []attempt{
		{"a credential", create(func(a *AppCredential) { a.ID, a.Name = "a", "n" }), accepted},
		{"of an implied role", create(func(a *AppCredential) { a.RoleIDs = []string{w.roleID("reader")} }), accepted},
		{"a taken name", create(func(a *AppCredential) { a.Name = "n" }), KindConflict},
		{"a taken ID", create(func(a *AppCredential) { a.ID = "a" }), KindConflict},
		{"an unknown user", create(func(a *AppCredential) { a.UserID = "x" }), KindNotFound},
		{"an unknown project", create(func(a *AppCredential) { a.ProjectID = "x" }), KindNotFound},
		{"a user without the role", create(func(a *AppCredential) { a.UserID = "bob" }), KindInvalid},
		{"a role that the user lacks", create(func(a *AppCredential) { a.RoleIDs = append(a.RoleIDs, w.roleID("admin")) }), KindInvalid},
		{"without roles", create(func(a *AppCredential) { a.RoleIDs = nil }), KindInvalid},
		{"without a secret", func() error {
			_, err := w.CreateAppCredential(t.Context(), AppCredential{Name: "e", UserID: "ann"}, "", nil)
			return err
		}, KindInvalid},
		{"a deletion of an unknown credential", func() error { return w.DeleteAppCredential("x") }, KindNotFound},
	})
	if n := len(w.AppCredentials(func(a *AppCredential) bool { return a.UserID == "ann" })); n != 2 {
		t.Errorf("ann has %d credentials", n)
	}
}

// TestAppCredentialsAreBounded per user.
func TestAppCredentialsAreBounded(t *testing.T) {
	w := newWorld(t)
	w.newAnn()
	fill(w, w.appCreds, maxAppCreds-1, func(i int) (string, *AppCredential) {
		id := fmt.Sprint(i)
		return id, &AppCredential{ID: id, Name: id, UserID: "ann"}
	})
	create := func() error { _, err := w.newCredential(nil, nil); return err }
	try(t, []attempt{
		{"the last", create, accepted},
		{"beyond the bound", create, KindForbidden},
		{"a deletion", func() error { return w.DeleteAppCredential("0") }, accepted},
		{"in the place of the deleted", create, accepted},
	})
}

// TestAccessRulesAreBounded per user, also for rules whose credential is gone.
func TestAccessRulesAreBounded(t *testing.T) {
	w := newWorld(t)
	w.newAnn()
	fill(w, w.accessRules, maxUserAccessRules-1, func(i int) (string, *AccessRule) {
		id := fmt.Sprint(i)
		return id, &AccessRule{ID: id, UserID: "ann", Service: "image", Method: "GET", Path: "/" + id}
	})
	create := func(path string) func() error {
		return func() error {
			_, err := w.newCredential(nil, []AccessRule{{Service: "object-store", Method: "GET", Path: path}})
			return err
		}
	}
	try(t, []attempt{
		{"the last", create("/v1/a"), accepted},
		{"the same rule again", create("/v1/a"), accepted},
		{"beyond the bound", create("/v1/b"), KindForbidden},
		{"a deletion", func() error { return w.DeleteAccessRule("ann", "0") }, accepted},
		{"in the place of the deleted", create("/v1/b"), accepted},
	})
}

// TestAppCredentialLogins: by ID or by user and name, without a scope or a
// second method, until the credential expires.
func TestAppCredentialLogins(t *testing.T) {
	w := newWorld(t)
	w.newAnn()
	end := w.clock.Now().Add(10 * time.Minute)
	a, err := w.newCredential(func(a *AppCredential) { a.Name, a.ExpiresAt = "n", &end }, nil)
	w.ok(err)
	login := func(change func(*Login)) func() error {
		l := Login{Methods: []string{MethodAppCred}, AppCred: Ref{ID: a.ID}, Secret: "s"}
		change(&l)
		return func() error { _, err := w.Authenticate(t.Context(), l); return err }
	}
	byName := func(l *Login, user Ref, name string) { l.AppCred, l.User = Ref{Name: name}, user }
	inDefault := DomainRef{Name: "Default"}
	try(t, []attempt{
		{"by ID", login(func(*Login) {}), accepted},
		{"by the user's ID and name", login(func(l *Login) { byName(l, Ref{ID: "ann"}, "n") }), accepted},
		{"by the user's name and name", login(func(l *Login) { byName(l, Ref{Name: "ann", Domain: inDefault}, "n") }), accepted},
		{"an unknown name", login(func(l *Login) { byName(l, Ref{ID: "ann"}, "x") }), KindUnauthorized},
		{"an unknown user", login(func(l *Login) { byName(l, Ref{Name: "x", Domain: inDefault}, "n") }), KindUnauthorized},
		{"an unknown ID", login(func(l *Login) { l.AppCred.ID = "x" }), KindUnauthorized},
		{"a wrong secret", login(func(l *Login) { l.Secret = "no" }), KindUnauthorized},
		{"with a scope", login(func(l *Login) { l.Scope = adminScope }), KindUnauthorized},
		{"with a second method", login(func(l *Login) { l.Methods = []string{MethodAppCred, MethodPassword} }), KindUnauthorized},
	})
	token, err := w.Authenticate(t.Context(), Login{Methods: []string{MethodAppCred}, AppCred: Ref{ID: a.ID}, Secret: "s"})
	w.ok(err)
	if token.ExpiresAt.After(end) || !token.Delegated() || token.AppCred.ID != a.ID || token.AccessRules != nil ||
		!slices.Equal(names(token.Roles), []string{"reader", "member"}) {
		t.Errorf("the token is %+v", token)
	}
	if _, err := w.Authenticate(t.Context(), Login{Methods: []string{MethodToken}, Token: token.Text}); KindOf(err) != KindForbidden {
		t.Errorf("exchanged: %v", err)
	}
	w.clock.advance(10 * time.Minute)
	w.wantValid(token.Text, false, "at the credential's end")
	if err := login(func(*Login) {})(); KindOf(err) != KindUnauthorized {
		t.Errorf("a login at the end: %v", err)
	}
}

// TestAppCredentialFollowsItsUser: a role lost by the user is lost by the
// credential's tokens, and the last role or the credential ends them.
func TestAppCredentialFollowsItsUser(t *testing.T) {
	w := newWorld(t)
	w.newAnn()
	reader := Grant{UserID: "ann", Target: OnProject, TargetID: w.adminProject(), RoleID: w.roleID("reader")}
	member := reader
	member.RoleID = w.roleID("member")
	a, err := w.newCredential(nil, nil)
	w.ok(err)
	token, err := w.Authenticate(t.Context(), Login{Methods: []string{MethodAppCred}, AppCred: Ref{ID: a.ID}, Secret: "s"})
	w.ok(err)
	roles := func(want ...string) {
		t.Helper()
		got, err := w.ValidateToken(token.Text, false)
		if err != nil || !slices.Equal(names(got.Roles), want) {
			t.Errorf("%+v, %v, want the roles %v", got, err, want)
		}
	}
	roles("reader", "member")
	w.ok(w.AddGrant(reader))
	w.ok(w.RemoveGrant(member))
	roles("reader")
	w.ok(w.RemoveGrant(reader))
	w.wantValid(token.Text, false, "without a role")
	w.ok(w.AddGrant(member))
	w.wantValid(token.Text, true, "with the role again")
	w.ok(w.DeleteAppCredential(a.ID))
	w.wantValid(token.Text, false, "without the credential")
	if _, err := w.AppCredential(a.ID); KindOf(err) != KindNotFound {
		t.Errorf("the deleted credential: %v", err)
	}
}

// TestAccessRuleRefusals: paths, services, methods and numbers of access rules.
func TestAccessRuleRefusals(t *testing.T) {
	w := newWorld(t)
	w.newAnn()
	w.newUser(DefaultDomainID, "bob")
	w.ok(w.AddGrant(Grant{UserID: "bob", Target: OnProject, TargetID: w.adminProject(), RoleID: w.roleID("member")}))
	good := AccessRule{Service: "image", Method: "GET", Path: "/v2/images"}
	bobs, err := w.newCredential(func(a *AppCredential) { a.UserID = "bob" }, []AccessRule{good})
	w.ok(err)
	create := func(rules ...AccessRule) func() error {
		return func() error { _, err := w.newCredential(nil, rules); return err }
	}
	with := func(change func(*AccessRule)) func() error {
		r := good
		change(&r)
		return create(r)
	}
	many := func(n int) (rules []AccessRule) {
		for i := range n {
			r := good
			r.Path = fmt.Sprint("/", i)
			rules = append(rules, r)
		}
		return rules
	}
	try(t, []attempt{
		{"a path at the bound", with(func(r *AccessRule) { r.Path = "/" + strings.Repeat("p", maxRulePath-1) }), accepted},
		{"a path beyond the bound", with(func(r *AccessRule) { r.Path = "/" + strings.Repeat("p", maxRulePath) }), KindInvalid},
		{"a path of a star", with(func(r *AccessRule) { r.Path = "**" }), accepted},
		{"a path without a slash", with(func(r *AccessRule) { r.Path = "v2" }), KindInvalid},
		{"an empty path", with(func(r *AccessRule) { r.Path = "" }), KindInvalid},
		{"a service at the bound", with(func(r *AccessRule) { r.Service = strings.Repeat("s", maxRuleService) }), accepted},
		{"a service beyond the bound", with(func(r *AccessRule) { r.Service = strings.Repeat("s", maxRuleService+1) }), KindInvalid},
		{"without a service", with(func(r *AccessRule) { r.Service = "" }), KindInvalid},
		{"Swift's method", with(func(r *AccessRule) { r.Method = "COPY" }), accepted},
		{"an unknown method", with(func(r *AccessRule) { r.Method = "get" }), KindInvalid},
		{"an unknown ID", create(AccessRule{ID: "x"}), KindNotFound},
		{"the ID of a rule of a second user", create(AccessRule{ID: bobs.AccessRuleIDs[0]}), KindNotFound},
		{"as many rules as allowed", create(many(maxAccessRules)...), accepted},
		{"a rule more", create(many(maxAccessRules + 1)...), KindInvalid},
	})
}

// TestAccessRules: rules are shared by a user's credentials, outlive them, and
// go only when no credential has them.
func TestAccessRules(t *testing.T) {
	w := newWorld(t)
	w.newAnn()
	get := AccessRule{Service: "image", Method: "GET", Path: "/v2/images"}
	put := AccessRule{Service: "object-store", Method: "PUT", Path: "/v1/**"}
	first, err := w.newCredential(nil, []AccessRule{get, put})
	w.ok(err)
	second, err := w.newCredential(nil, []AccessRule{put, {ID: first.AccessRuleIDs[0]}})
	w.ok(err)
	if want := []string{first.AccessRuleIDs[1], first.AccessRuleIDs[0]}; !slices.Equal(second.AccessRuleIDs, want) {
		t.Errorf("the second credential has the rules %v, want %v", second.AccessRuleIDs, want)
	}
	unlimited, err := w.newCredential(nil, nil)
	w.ok(err)
	nothing, err := w.newCredential(nil, []AccessRule{})
	w.ok(err)
	w.reopen()
	for _, row := range []struct {
		name string
		of   string
		want []auth.AccessRule
	}{
		{"rules in their order", second.ID, []auth.AccessRule{
			{ID: second.AccessRuleIDs[0], Service: "object-store", Method: "PUT", Path: "/v1/**"},
			{ID: second.AccessRuleIDs[1], Service: "image", Method: "GET", Path: "/v2/images"}}},
		{"no limit", unlimited.ID, nil},
		{"no request at all", nothing.ID, []auth.AccessRule{}},
	} {
		t.Run(row.name, func(t *testing.T) {
			a, err := w.AppCredential(row.of)
			if err != nil {
				t.Fatal(err)
			}
			got := w.RulesOf(a)
			if !slices.Equal(got, row.want) || (got == nil) != (row.want == nil) {
				t.Errorf("%#v, want %#v", got, row.want)
			}
			id, err := w.Authenticate(t.Context(), Login{Methods: []string{MethodAppCred}, AppCred: Ref{ID: row.of}, Secret: "s"})
			if err != nil {
				t.Fatal(err)
			}
			who, err := w.Validate(t.Context(), id.Text)
			if err != nil || !slices.Equal(who.AccessRules, row.want) || (who.AccessRules == nil) != (row.want == nil) {
				t.Errorf("the token has %#v, %v, want %#v", who, err, row.want)
			}
		})
	}
	rule := first.AccessRuleIDs[0]
	find := func(user, id string) func() error {
		return func() error { _, err := w.AccessRule(user, id); return err }
	}
	remove := func(user, id string) func() error { return func() error { return w.DeleteAccessRule(user, id) } }
	try(t, []attempt{
		{"a rule", find("ann", rule), accepted},
		{"a rule of a second user", find("x", rule), KindNotFound},
		{"an unknown rule", find("ann", "x"), KindNotFound},
		{"a deletion in use", remove("ann", rule), KindForbidden},
		{"the first credential is deleted", func() error { return w.DeleteAppCredential(first.ID) }, accepted},
		{"a deletion in use by the second", remove("ann", rule), KindForbidden},
		{"the second is deleted", func() error { return w.DeleteAppCredential(second.ID) }, accepted},
		{"a deletion by a second user", remove("x", rule), KindNotFound},
		{"a deletion", remove("ann", rule), accepted},
		{"a deletion of an unknown rule", remove("ann", rule), KindNotFound},
	})
	if n := len(w.AccessRules("ann")); n != 1 {
		t.Errorf("ann has %d rules", n)
	}
	w.ok(w.DeleteUser("ann"))
	if n := len(list(w.Service, w.accessRules, nil)) + len(w.AppCredentials(nil)); n != 0 {
		t.Errorf("%d rows are left of a deleted user", n)
	}
}
