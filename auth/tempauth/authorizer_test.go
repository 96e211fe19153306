// SPDX-License-Identifier: Apache-2.0

package tempauth

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"needletail/auth"
)

// identities of newTestAuth by a short name; "anon" is nil.
func testIdentities(t *testing.T, a *Auth) map[string]*auth.Identity {
	t.Helper()
	ids := map[string]*auth.Identity{"anon": nil}
	for name, user := range map[string]string{"owner": "test:tester", "member": "test:tester3", "other": "test2:tester2",
		"reseller": "admin:admin", "reader": "admin:auditor", "service": "test5:tester5"} {
		require.Contains(t, a.users, user)
		id := a.users[user].identity
		ids[name] = &id
	}
	both := *ids["owner"]
	both.ServiceGroups = ids["service"].Groups
	ids["owner+service"] = &both
	foreign := *ids["reseller"]
	foreign.Source = "keystone"
	ids["foreign"] = &foreign
	return ids
}

// TestAuthorize has a line per question and, in each, who is allowed: "!" marks
// an owner's grant, "!!" a reseller's. All others are denied.
func TestAuthorize(t *testing.T) {
	a := newTestAuth(t)
	ids := testIdentities(t, a)
	account := func(method, acl string) auth.Access {
		return auth.Access{Method: method, Account: "AUTH_test", AccountACL: acl}
	}
	container := func(method, acl string) auth.Access {
		return auth.Access{Method: method, Account: "AUTH_test", Container: "c", ACL: acl}
	}
	object := func(method, acl string) auth.Access {
		return auth.Access{Method: method, Account: "AUTH_test", Container: "c", Object: "o", ACL: acl}
	}
	const all = " anon foreign member other service"
	owners := "owner! owner+service! reseller!!"
	readers := owners + " reader"
	for _, c := range []struct {
		q     auth.Access
		allow string
	}{
		{account("GET", ""), readers},
		{account("HEAD", ""), readers},
		{account("POST", ""), owners},
		{account("PUT", ""), "reseller!!"},
		{account("DELETE", ""), "reseller!!"},
		{account("OPTIONS", ""), owners + all + " reader"},
		{account("GET", `{"read-only":["test"]}`), readers + " member"},
		{account("POST", `{"read-only":["test"]}`), owners},
		{account("GET", `{"read-write":["test:tester3"]}`), readers + " member"},
		{account("POST", `{"read-write":["test:tester3"]}`), owners},
		{account("GET", `{"admin":["test2"]}`), readers + " other!"},
		{account("POST", `{"admin":["test2"]}`), owners + " other!"},
		{account("DELETE", `{"admin":["test2"]}`), "reseller!!"},
		{account("GET", `{"admin":[""]}`), readers},
		{account("GET", `{"admin":`), readers},
		{container("GET", ""), readers},
		{container("PUT", ""), owners},
		{container("DELETE", ""), owners},
		{container("GET", ".r:*"), readers},
		{container("GET", ".r:*,.rlistings"), readers + all},
		{container("GET", ".rlistings"), readers},
		{container("GET", "test2"), readers + " other"},
		{container("PUT", "test2"), owners + " other"},
		{object("GET", ""), readers},
		{object("PUT", ""), owners},
		{object("GET", ".r:*"), readers + all},
		{object("GET", ".r:.good"), readers},
		{object("GET", "test:tester3"), readers + " member"},
		{object("GET", "test:tester3,test2:tester2"), readers + " member other"},
		{object("PUT", "test:*"), owners},
		{object("PUT", "test:tester3"), owners + " member"},
		{auth.Access{Method: "PUT", Account: "AUTH_test", Container: "c", Object: "o", AccountACL: `{"read-write":["test"]}`}, owners + " member"},
		{auth.Access{Method: "PUT", Account: "AUTH_test", Container: "c", Object: "o", AccountACL: `{"read-only":["test"]}`}, owners},
		{auth.Access{Method: "GET", Account: "AUTH_test", Container: "c", Object: "o", Referer: "http://x.good/", ACL: ".r:.good"}, readers + all},
		{auth.Access{Method: "PUT", Account: "SERVICE_test", Container: "c"}, "owner+service! reseller!!"},
		{auth.Access{Method: "GET", Account: "SERVICE_test"}, "owner+service! reseller!! reader"},
		{auth.Access{Method: "DELETE", Account: "SERVICE_test"}, "reseller!!"},
		{auth.Access{Method: "GET", Account: "SERVICE_test5"}, "reseller!! reader"},
		{auth.Access{Method: "GET", Account: "AUTH_"}, ""},
		{auth.Access{Method: "GET", Account: "AUTH_.hidden"}, ""},
		{auth.Access{Method: "GET", Account: ".expiring_objects"}, ""},
		{auth.Access{Method: "OPTIONS", Account: "OTHER_x"}, ""},
		{auth.Access{Method: "GET", Account: "test"}, ""},
		{auth.Access{Method: "GET"}, ""},
	} {
		want := map[string]auth.Grant{}
		for _, who := range strings.Fields(c.allow) {
			name := strings.TrimRight(who, "!")
			want[name] = auth.Grant{Allowed: true, Owner: strings.Contains(who, "!"), Reseller: strings.Contains(who, "!!")}
			require.Contains(t, ids, name)
		}
		for name, id := range ids {
			require.Equal(t, want[name], a.Authorize(id, c.q), "%s %+v", name, c.q)
		}
	}
}

func TestAuthorizeWhenServiceTokenIsInTheWrongPlace(t *testing.T) {
	a := newTestAuth(t)
	ids := testIdentities(t, a)
	q := auth.Access{Method: "GET", Account: "SERVICE_test"}
	twice := *ids["service"]
	twice.ServiceGroups = twice.Groups
	require.Zero(t, a.Authorize(&twice, q), "the service token in both places")
	own := *ids["owner"]
	own.Groups = append(own.Groups[:len(own.Groups):len(own.Groups)], "service")
	require.Zero(t, a.Authorize(&own, q), "the group must come from the service token")
}

func TestOwnsAndIsToken(t *testing.T) {
	a := newTestAuth(t)
	require.True(t, a.Owns("SERVICE_x"))
	require.False(t, a.Owns("auth_x"))
	require.True(t, a.IsToken("AUTH_tkx"))
	require.False(t, a.IsToken("gAAAA"))
	require.False(t, a.IsToken(""))
}
