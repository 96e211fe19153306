// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"
)

// TestLists: each list returns all rows sorted by ID without a filter, and the
// rows accepted with a filter. A caller may change the list returned.
func TestLists(t *testing.T) {
	w := newWorld(t)
	w.writeEveryTable()
	for name, check := range map[string]func(t *testing.T){
		"domains":   func(t *testing.T) { checkList(t, w.Domains, func(d *Domain) string { return d.ID }) },
		"projects":  func(t *testing.T) { checkList(t, w.Projects, func(p *Project) string { return p.ID }) },
		"users":     func(t *testing.T) { checkList(t, w.Users, func(u *User) string { return u.ID }) },
		"groups":    func(t *testing.T) { checkList(t, w.Groups, func(g *Group) string { return g.ID }) },
		"roles":     func(t *testing.T) { checkList(t, w.Roles, func(r *Role) string { return r.ID }) },
		"grants":    func(t *testing.T) { checkList(t, w.Grants, (*Grant).id) },
		"regions":   func(t *testing.T) { checkList(t, w.Regions, func(r *Region) string { return r.ID }) },
		"services":  func(t *testing.T) { checkList(t, w.Services, func(c *CatalogService) string { return c.ID }) },
		"endpoints": func(t *testing.T) { checkList(t, w.Endpoints, func(e *Endpoint) string { return e.ID }) },
		"trusts":    func(t *testing.T) { checkList(t, w.Trusts, func(r *Trust) string { return r.ID }) },
		"limits":    func(t *testing.T) { checkList(t, w.Limits, func(l *Limit) string { return l.ID }) },
		"application credentials": func(t *testing.T) {
			checkList(t, w.AppCredentials, func(a *AppCredential) string { return a.ID })
		},
		"implications": func(t *testing.T) {
			checkList(t, w.Implications, func(i *Implication) string { return i.Prior + "/" + i.Implied })
		},
		"credentials": func(t *testing.T) {
			checkList(t, func(keep func(*Credential) bool) []*Credential {
				rows, err := w.Credentials(keep)
				if err != nil {
					t.Fatal(err)
				}
				return rows
			}, func(c *Credential) string { return c.ID })
		},
	} {
		t.Run(name, check)
	}
}

// checkList checks a list without a filter and with a filter for each of its
// rows.
func checkList[T any](t *testing.T, list func(func(*T) bool) []*T, id func(*T) string) {
	t.Helper()
	ids := func(rows []*T) (out []string) {
		for _, r := range rows {
			out = append(out, id(r))
		}
		return out
	}
	all := ids(list(nil))
	if len(all) == 0 || !slices.IsSorted(all) {
		t.Errorf("all are %v", all)
	}
	for _, want := range all {
		got := list(func(r *T) bool { return id(r) == want })
		if len(got) != 1 || id(got[0]) != want {
			t.Errorf("filtered for %s: %v", want, ids(got))
		}
	}
	if got := list(func(*T) bool { return false }); len(got) != 0 {
		t.Errorf("filtered for no row: %v", ids(got))
	}
	clear(list(nil))
	if got := ids(list(nil)); !slices.Equal(got, all) {
		t.Errorf("after a caller's change: %v, were %v", got, all)
	}
}

// TestRowsOfReadersStay: a row returned earlier is not changed by an update,
// and a refused update changes nothing.
func TestRowsOfReadersStay(t *testing.T) {
	w := newWorld(t)
	w.newGroup(DefaultDomainID, "g")
	before, err := w.Group("g")
	w.ok(err)
	_, err = w.UpdateGroup("g", func(g *Group) { g.Name = "renamed" })
	w.ok(err)
	if before.Name != "g" {
		t.Errorf("the earlier row has the name %q", before.Name)
	}
	generation := w.generation.Load()
	if _, err := w.UpdateGroup("g", func(g *Group) { g.Name = "" }); KindOf(err) != KindInvalid {
		t.Errorf("an empty name: %v", err)
	}
	if now, err := w.Group("g"); err != nil || now.Name != "renamed" || w.generation.Load() != generation {
		t.Errorf("after a refused update: %+v, %v", now, err)
	}
}

// TestErrors: text, kind and cause of an error, also through a wrapping.
func TestErrors(t *testing.T) {
	cause := os.ErrPermission
	for _, row := range []struct {
		name string
		err  error
		text string
		kind Kind
	}{
		{"all parts", &Error{Kind: KindConflict, Op: "store", Entity: "user", Name: "ann", Detail: "taken", Err: cause},
			"identity: store user ann: taken: permission denied", KindConflict},
		{"an operation alone", &Error{Kind: KindBusy, Op: "hash"}, "identity: hash", KindBusy},
		{"wrapped", fmt.Errorf("outer: %w", notFound("role", "r")), "outer: identity: find role r", KindNotFound},
		{"of a different package", cause, "permission denied", KindInternal},
	} {
		t.Run(row.name, func(t *testing.T) {
			if row.err.Error() != row.text || KindOf(row.err) != row.kind {
				t.Errorf("%q of kind %d, want %q of kind %d", row.err, KindOf(row.err), row.text, row.kind)
			}
		})
	}
	if !errors.Is(&Error{Err: cause}, cause) || errors.Unwrap(&Error{}) != nil {
		t.Error("the cause is lost")
	}
}

// TestIdentityOfAToken: services see user, scope and roles of a token, and may
// use an expired token for the window.
func TestIdentityOfAToken(t *testing.T) {
	w := newWorld(t)
	w.foreign()
	ctx := t.Context()
	for _, row := range []struct {
		name, user string
		scope      Scope
		want       [6]string // project, its domain, domain and its name, user's domain, roles
	}{
		{"project", "zoe", Scope{Kind: ScopeProject, Project: Ref{Name: "p2", Domain: DomainRef{Name: "d2"}}}, [6]string{"p2", "d2", "", "", "d2", "[reader member]"}},
		{"domain", "zoe", Scope{Kind: ScopeDomain, Domain: DomainRef{ID: "d2"}}, [6]string{"", "", "d2", "d2", "d2", "[reader member]"}},
		{"none", "zoe", Scope{Kind: ScopeNone}, [6]string{"", "", "", "", "d2", "[]"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			token, err := w.Authenticate(ctx, Login{Methods: []string{MethodPassword}, Password: "pw", Scope: row.scope,
				User: Ref{Name: row.user, Domain: DomainRef{Name: "d2"}}})
			if err != nil {
				t.Fatal(err)
			}
			id, err := w.Validate(ctx, token.Text)
			if err != nil {
				t.Fatal(err)
			}
			got := [6]string{id.ProjectName, id.ProjectDomainName, id.DomainID, id.DomainName, id.UserDomainName, fmt.Sprint(id.Roles)}
			if got != row.want || id.UserName != row.user || id.SystemScope {
				t.Errorf("%v, want %v (%+v)", got, row.want, id)
			}
		})
	}
	token := w.login("admin", adminPassword, Scope{Kind: ScopeSystem})
	if id, err := w.Validate(ctx, token.Text); err != nil || !id.SystemScope || id.ProjectID != "" {
		t.Errorf("system: %+v, %v", id, err)
	}
	w.clock.advance(DefaultTokenLife)
	if _, err := w.Validate(ctx, token.Text); err == nil {
		t.Error("an expired token is valid")
	}
	w.clock.advance(ExpiredWindow - 2*time.Second)
	if id, err := w.ValidateExpired(ctx, token.Text); err != nil || !id.SystemScope {
		t.Errorf("in the window: %+v, %v", id, err)
	}
	w.clock.advance(2 * time.Second)
	if _, err := w.ValidateExpired(ctx, token.Text); err == nil {
		t.Error("an expired token is valid after the window")
	}
}
