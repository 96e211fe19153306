// SPDX-License-Identifier: Apache-2.0

package keystone

import (
	"encoding/json"
	"strings"
	"testing"

	"needletail/auth/identity"
)

func TestApplicationCredentials(t *testing.T) {
	c := newCloud(t)
	c.addUser("ann", "ann")
	c.grant("ann", identity.OnProject, adminProject, memberRole)
	ann := c.login("ann", onAdmin)
	const path = "/v3/users/ann/application_credentials"
	create := func(body, token string, status int) (id, secret string) {
		t.Helper()
		res := c.do("POST", path, `{"application_credential": `+body+`}`, "X-Auth-Token", token)
		var out map[string]struct{ ID, Secret string }
		if err := json.Unmarshal([]byte(res.body), &out); err != nil || res.status != status {
			t.Fatalf("create %s: %d %s", body, res.status, res.body)
		}
		return out["application_credential"].ID, out["application_credential"].Secret
	}
	login := func(cred, extra string, status int) reply {
		t.Helper()
		res := c.do("POST", "/v3/auth/tokens", `{"auth": {"identity": {"methods": ["application_credential"],
			"application_credential": `+cred+`}`+extra+`}}`)
		if res.status != status {
			t.Errorf("login %s %s: %d %s, want %d", cred, extra, res.status, res.body, status)
		}
		return res
	}
	create(`{"name": "a", "roles": [{"name": "admin"}]}`, ann, 400)
	create(`{"name": "a", "access_rules": [{"path": "/"}]}`, ann, 400)
	create(`{"name": "a"}`, c.login("admin", onAdmin), 403)
	id, secret := create(`{"name": "a", "roles": [{"name": "reader"}]}`, ann, 201)
	if len(secret) != 86 {
		t.Errorf("a secret of %d characters", len(secret))
	}
	byID := `{"id": "` + id + `", "secret": "` + secret + `"}`
	login(`{"id": "`+id+`", "secret": "no"}`, "", 401)
	login(`{"id": "no", "secret": "no"}`, "", 401)
	login(`{"name": "a", "secret": "`+secret+`"}`, "", 400)
	login(byID, `, "scope": `+onAdmin, 401)
	login(`{"name": "a", "secret": "`+secret+`", "user": {"name": "ann", "domain": {"id": "default"}}}`, "", 201)
	res := login(byID, "", 201)
	if !strings.Contains(res.body, `"roles": [{"id": "`+readerRole+`", "name": "reader"}], "catalog"`) ||
		!strings.HasSuffix(res.body, `], "application_credential": {"id": "`+id+`", "name": "a", "restricted": true}}}`) {
		t.Errorf("token %s", res.body)
	}
	token := res.header.Get("X-Subject-Token")
	create(`{"name": "b"}`, token, 403)
	rescope := `{"auth": {"identity": {"methods": ["token"], "token": {"id": "` + token + `"}}}}`
	if res := c.do("POST", "/v3/auth/tokens", rescope); res.status != 403 {
		t.Errorf("rescoped: %d %s", res.status, res.body)
	}
	if res := c.do("GET", path+"/"+id, "", "X-Auth-Token", token); res.status != 200 || strings.Contains(res.body, "ecret") {
		t.Errorf("shown: %d %s", res.status, res.body)
	}
	if res := c.do("GET", path+"?name=a", "", "X-Auth-Token", ann); strings.Count(res.body, `"unrestricted": false`) != 1 {
		t.Errorf("list: %s", res.body)
	}
	past, pastSecret := create(`{"name": "past", "expires_at": "2001-01-01T00:00:00.000000"}`, ann, 201)
	login(`{"id": "`+past+`", "secret": "`+pastSecret+`"}`, "", 401)
	if res := c.do("DELETE", path+"/"+id, "", "X-Auth-Token", ann); res.status != 204 {
		t.Errorf("delete: %d", res.status)
	}
	if res := c.do("GET", path, "", "X-Auth-Token", token); res.status != 401 {
		t.Errorf("its token lives on: %d", res.status)
	}
	login(byID, "", 401)
}

// TestApplicationCredentialLosesItsRole with its user.
func TestApplicationCredentialLosesItsRole(t *testing.T) {
	c := newCloud(t)
	admin := c.login("admin", onAdmin)
	res := c.do("POST", "/v3/users/"+adminUser+"/application_credentials",
		`{"application_credential": {"name": "x", "secret": "s", "unrestricted": true}}`, "X-Auth-Token", admin)
	if res.status != 201 {
		t.Fatal(res.body)
	}
	body := `{"auth": {"identity": {"methods": ["application_credential"], "application_credential": {"name": "x", "secret": "s", "user": {"id": "` + adminUser + `"}}}}}`
	res = c.do("POST", "/v3/auth/tokens", body)
	token := res.header.Get("X-Subject-Token")
	if got := c.do("GET", "/v3/users", "", "X-Auth-Token", token); got.status != 200 {
		t.Fatalf("%d %s", got.status, got.body)
	}
	if err := c.svc.RemoveGrant(identity.Grant{UserID: adminUser, Target: identity.OnProject, TargetID: adminProject, RoleID: adminRole}); err != nil {
		t.Fatal(err)
	}
	if got := c.do("GET", "/v3/users", "", "X-Auth-Token", token); got.status != 401 {
		t.Errorf("after the grant is gone: %d", got.status)
	}
	if got := c.do("POST", "/v3/auth/tokens", body); got.status != 401 {
		t.Errorf("login after the grant is gone: %d", got.status)
	}
}
