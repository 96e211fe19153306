// SPDX-License-Identifier: Apache-2.0

package keystoneauth

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"needletail/auth"
)

func identity(project, user string, roles ...string) *auth.Identity {
	return &auth.Identity{
		Source: Source, UserID: user + "-id", UserName: user, UserDomainID: "default",
		ProjectID: project + "-id", ProjectName: project, ProjectDomainID: "default", Roles: roles,
	}
}

var testConfig = Config{
	SystemReaderRoles: []string{"Auditor"},
	Rules: []Rules{
		{ResellerPrefix: "AUTH", OperatorRoles: []string{"Admin", "swiftoperator"}, ProjectReaderRoles: []string{"watcher"}},
		{ResellerPrefix: "SERVICE_", OperatorRoles: []string{"admin"}, ServiceRoles: []string{"service"}},
	},
}

func testIdentities() map[string]*auth.Identity {
	ids := map[string]*auth.Identity{
		"anon":     nil,
		"admin":    identity("test", "tester", "aDmin"),
		"plain":    identity("test", "tester3", "_member_"),
		"watcher":  identity("test", "tester7", "watcher"),
		"other":    identity("test2", "tester2", "admin"),
		"foreign":  identity("test4", "tester4", "admin"),
		"reseller": identity("test6", "tester6", "reselleradmin"),
		"auditor":  identity("test8", "tester8", "auditor"),
		"unscoped": identity("", "drifter", "admin"),
		"service":  identity("test", "tester", "admin"),
		"tempauth": identity("test", "tester", "admin", "ResellerAdmin"),
	}
	ids["foreign"].UserDomainID, ids["foreign"].ProjectDomainID = "d4", "d4"
	ids["unscoped"].ProjectID, ids["unscoped"].ProjectName, ids["unscoped"].ProjectDomainID = "", "", ""
	ids["service"].ServiceRoles = []string{"Service"}
	ids["tempauth"].Source = "tempauth"
	return ids
}

// decide asks as the controllers do: first without the ACLs, and with them only
// after a denial.
func decide(a *authorizer, id *auth.Identity, q auth.Access) auth.Grant {
	bare := q
	bare.ACL, bare.AccountACL, bare.AccountProjectDomainID = "", "", ""
	if g := a.Authorize(id, bare); g.Allowed {
		return g
	}
	return a.Authorize(id, q)
}

// TestAuthorize has a line per question: who is allowed, "!" as owner, "!!" as
// reseller; all others are denied.
func TestAuthorize(t *testing.T) {
	const (
		owners   = "admin! service! reseller!!"
		readers  = owners + " watcher auditor"
		everyone = readers + " anon plain other foreign unscoped tempauth"
	)
	own := auth.Access{Account: "AUTH_test-id"}
	with := func(q auth.Access, method, path, acl string) auth.Access {
		q.Method, q.ACL = method, acl
		q.Container, q.Object, _ = strings.Cut(path, "/")
		return q
	}
	inD4 := own
	inD4.AccountProjectDomainID = "d4"
	unknown := own
	unknown.AccountProjectDomainID = "_unknown"
	referred := own
	referred.Referer = "https://www.good/"
	for _, c := range []struct {
		q     auth.Access
		allow string
	}{
		{with(own, "GET", "", ""), readers},
		{with(own, "POST", "", ""), owners},
		{with(own, "PUT", "", ""), owners}, // off without account management
		{with(own, "DELETE", "", ""), "reseller!!"},
		{with(own, "OPTIONS", "", ""), strings.ReplaceAll(everyone, "!", "")},
		{with(own, "OPTIONS", "c/o", ""), strings.ReplaceAll(everyone, "!", "")},
		{with(own, "DELETE", "c", ""), owners},
		{with(own, "HEAD", "c/o", ""), readers},
		{with(own, "PUT", "c/o", ""), owners},
		// referrers
		{with(own, "GET", "c/o", ".r:*"), everyone},
		{with(own, "GET", "c", ".r:*"), readers},
		{with(own, "GET", "c", ".r:*,_member_"), readers},
		{with(own, "GET", "c", ".r:*,.rlistings"), everyone},
		{with(own, "GET", "c", ".rlistings"), readers},
		{with(own, "GET", "c/o", ".r:.good"), readers},
		{with(referred, "GET", "c/o", ".r:.good"), everyone},
		{with(referred, "GET", "c/o", ".r:*,.r:-.good"), readers},
		{with(auth.Access{Account: "OTHER_x"}, "GET", "c/o", ".r:*"),
			"reseller!! auditor admin service plain watcher other foreign unscoped"},
		// project:user
		{with(own, "PUT", "c/o", "test2:tester2"), owners + " other"},
		{with(own, "PUT", "c/o", "test2-id:tester2-id"), owners + " other"},
		{with(own, "PUT", "c/o", "test2:tester2-id"), owners + " other"},
		{with(own, "PUT", "c/o", "test2:*"), owners + " other"},
		{with(own, "PUT", "c/o", "*:tester2"), owners + " other"},
		{with(own, "PUT", "c/o", "*:tester3-id"), owners + " plain"},
		{with(own, "PUT", "c/o", "*:drifter-id"), owners + " unscoped"},
		{with(own, "PUT", "c/o", "*:*"), owners + " plain watcher other foreign auditor unscoped"},
		{with(own, "PUT", "c/o", "test2,test2-id,*,tester2,:tester2,test2:"), owners},
		{with(own, "PUT", "c/o", ":drifter-id"), owners},
		{with(own, "PUT", "c/o", "test4:tester4"), owners},
		{with(own, "PUT", "c/o", "test4-id:tester4-id"), owners + " foreign"},
		{with(inD4, "PUT", "c/o", "test2:tester2"), owners},
		{with(inD4, "PUT", "c/o", "test:tester3"), owners + " plain"},
		{with(unknown, "PUT", "c/o", "test2:tester2"), owners},
		{with(unknown, "PUT", "c/o", "test2-id:*"), owners + " other"},
		// roles
		{with(own, "GET", "c/o", "_MEMBER_"), readers + " plain"},
		{with(own, "PUT", "c/o", "_member_,admin"), owners + " plain"},
		// other prefixes and accounts
		{with(auth.Access{Account: "SERVICE_test-id"}, "PUT", "c/o", ""), "service! reseller!!"},
		{with(auth.Access{Account: "SERVICE_test-id"}, "GET", "c/o", ""), "service! reseller!! auditor"},
		{with(auth.Access{Account: "AUTH_"}, "GET", "c/o", ""), "reseller!! auditor"},
		{with(auth.Access{Account: "test-id"}, "GET", "", ""), "reseller!! auditor"},
		{with(auth.Access{}, "GET", "", ""), "reseller!! auditor"},
	} {
		a := newAuthorizer(testConfig)
		want := map[string]auth.Grant{}
		for _, who := range strings.Fields(c.allow) {
			want[strings.TrimRight(who, "!")] = auth.Grant{Allowed: true,
				Owner: strings.Contains(who, "!"), Reseller: strings.Contains(who, "!!")}
		}
		for name, id := range testIdentities() {
			require.Equal(t, want[name], decide(a, id, c.q), "%s %+v", name, c.q)
		}
	}
}

func TestOperatorsAreOwnersUnlessAnACLCameFirst(t *testing.T) {
	a := newAuthorizer(testConfig)
	admin := testIdentities()["admin"]
	require.True(t, a.Authorize(admin, auth.Access{Method: "GET", Account: "AUTH_test-id", Container: "c"}).Owner)
	require.False(t, a.Authorize(admin, auth.Access{Method: "GET", Account: "AUTH_test-id", Container: "c", ACL: "*:*"}).Owner)
}

func TestNamesCanBeRefused(t *testing.T) {
	a := newAuthorizer(Config{RefuseNamesInACLs: true})
	q := auth.Access{Method: "PUT", Account: "AUTH_test-id", Container: "c", Object: "o", ACL: "test2:tester2"}
	other := testIdentities()["other"]
	require.False(t, a.Authorize(other, q).Allowed)
	q.ACL = "test2-id:tester2-id"
	require.True(t, a.Authorize(other, q).Allowed)
}

func TestDefaultRules(t *testing.T) {
	a := newAuthorizer(Config{})
	q := auth.Access{Method: "PUT", Account: "AUTH_p-id", Container: "c"}
	for role, want := range map[string]bool{"admin": true, "Member": true, "SwiftOperator": true, "ResellerAdmin": true,
		"reader": false, "service": false, "_member_": false} {
		require.Equal(t, want, a.Authorize(identity("p", "u", role), q).Allowed, role)
	}
}

// FuzzAuthorize: an ACL alone never makes an owner, and one that names neither
// the identity nor "*" nor a referrer allows nothing.
func FuzzAuthorize(f *testing.F) {
	f.Add("test2:tester2,.r:*", "http://x/", "GET")
	f.Add("%3A:%2A,::", "", "PUT")
	a := newAuthorizer(testConfig)
	other := identity("test2", "tester2", "admin")
	f.Fuzz(func(t *testing.T, list, referer, method string) {
		q := auth.Access{Method: method, Account: "AUTH_test-id", Container: "c", Object: "o", ACL: list, Referer: referer}
		for _, id := range []*auth.Identity{nil, other} {
			g := a.Authorize(id, q)
			require.False(t, g.Owner || g.Reseller)
			if g.Allowed && method != "OPTIONS" && !strings.Contains(list, "%") {
				require.True(t, strings.Contains(list, ".r:") ||
					id != nil && strings.ContainsAny(list, "*") || strings.Contains(list, "tester2"), list)
			}
		}
	})
}
