// SPDX-License-Identifier: Apache-2.0

package keystone

import (
	"crypto/sha1"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"needletail/auth/identity"
)

// as asks with a token and wants that status.
func (c *cloud) as(token, method, path, body string, want int) reply {
	c.Helper()
	res := c.do(method, "/v3"+path, body, "X-Auth-Token", token)
	if res.status != want {
		c.Errorf("%s %s %s: %d %s, want %d", method, path, body, res.status, res.body, want)
	}
	return res
}

// field is a text of a JSON body by the path of its keys.
func (c *cloud) field(res reply, keys ...string) string {
	c.Helper()
	var v any
	if err := json.Unmarshal([]byte(res.body), &v); err != nil {
		c.Fatalf("%v in %s", err, res.body)
	}
	for _, k := range keys {
		m, _ := v.(map[string]any)
		v = m[k]
	}
	s, _ := v.(string)
	return s
}

func (c *cloud) wantBody(res reply, parts ...string) {
	c.Helper()
	for _, part := range parts {
		if !strings.Contains(res.body, part) {
			c.Errorf("no %s in %s", part, res.body)
		}
	}
}

func trustScope(id string) string { return `{"OS-TRUST:trust": {"id": "` + id + `"}}` }

func TestTrusts(t *testing.T) {
	c := newCloud(t)
	admin := c.login("admin", onAdmin)
	c.addUser("bob", "bob")
	bob := c.login("bob", "")
	body := func(more string) string {
		return `{"trust": {"trustor_user_id": "` + adminUser + `", "trustee_user_id": "bob", "project_id": "` + adminProject + `"` + more + `}}`
	}
	const member = `, "impersonation": true, "roles": [{"name": "member"}]`
	c.as(admin, "POST", "/OS-TRUST/trusts", body(`, "roles": [{"name": "member"}]`), 400) // no impersonation
	c.as(admin, "POST", "/OS-TRUST/trusts", body(`, "impersonation": true`), 403)         // no roles
	c.as(admin, "POST", "/OS-TRUST/trusts", body(`, "impersonation": true, "roles": [{"name": "service"}]`), 404)
	c.as(admin, "POST", "/OS-TRUST/trusts", body(member+`, "expires_at": "2001-01-01T00:00:00.000000Z"`), 400)
	c.as(admin, "POST", "/OS-TRUST/trusts", body(member+`, "remaining_uses": 0`), 400)
	c.as(bob, "POST", "/OS-TRUST/trusts", body(member), 403) // not the trustor
	made := c.as(admin, "POST", "/OS-TRUST/trusts", body(member+`, "remaining_uses": 1`), 201)
	id := c.field(made, "trust", "id")
	c.wantBody(made, `"remaining_uses": 1`, `"impersonation": true`, `"roles_links"`, `"deleted_at": null`)

	res := c.do("POST", "/v3/auth/tokens", loginBody("bob", fixturePassword, trustScope(id)))
	c.wantBody(res, `"OS-TRUST:trust": {"id": "`+id+`", "trustor_user": {"id": "`+adminUser+`"}, "trustee_user": {"id": "bob"}, "impersonation": true}`,
		`"id": "`+adminUser+`", "name": "admin"`, `"name": "member"`, `"catalog"`)
	if strings.Contains(res.body, `{"id": "`+adminRole) {
		t.Error("a role that was not given is in the token")
	}
	token := res.header.Get("X-Subject-Token")
	c.as(token, "GET", "/auth/projects", "", 200)
	c.as(token, "POST", "/OS-TRUST/trusts", body(member), 403) // no redelegation
	c.as(token, "GET", "/credentials", "", 403)
	again := c.do("POST", "/v3/auth/tokens", loginBody("bob", fixturePassword, trustScope(id)))
	if again.status != 403 || !strings.Contains(again.body, "No remaining uses for trust") {
		t.Errorf("a second use: %d %s", again.status, again.body)
	}
	if res := c.do("POST", "/v3/auth/tokens", loginBody("glance", fixturePassword, trustScope(id))); res.status != 403 {
		t.Errorf("a token for another: %d", res.status)
	}
	c.as(bob, "GET", "/OS-TRUST/trusts", "", 403)
	c.wantBody(c.as(bob, "GET", "/OS-TRUST/trusts?trustee_user_id=bob", "", 200), id)

	// The trustor's loss is the trustee's.
	second := c.field(c.as(admin, "POST", "/OS-TRUST/trusts", body(member), 201), "trust", "id")
	c.wantBody(c.as(bob, "GET", "/OS-TRUST/trusts/"+second+"/roles", "", 200), `"name": "member"`)
	c.as(bob, "GET", "/OS-TRUST/trusts/"+second+"/roles/"+memberRole, "", 200)
	c.as(bob, "DELETE", "/OS-TRUST/trusts/"+second, "", 403)
	token = c.do("POST", "/v3/auth/tokens", loginBody("bob", fixturePassword, trustScope(second))).header.Get("X-Subject-Token")
	g := identity.Grant{UserID: adminUser, Target: identity.OnProject, TargetID: adminProject, RoleID: adminRole}
	if err := c.svc.RemoveGrant(g); err != nil {
		t.Fatal(err)
	}
	c.as(token, "GET", "/auth/projects", "", 401)
	if err := c.svc.AddGrant(g); err != nil {
		t.Fatal(err)
	}
	c.as(token, "GET", "/auth/projects", "", 200)
	c.as(admin, "DELETE", "/OS-TRUST/trusts/"+second, "", 204)
	c.as(token, "GET", "/auth/projects", "", 401)
}

func TestCredentialsAndS3(t *testing.T) {
	c := newCloud(t)
	admin, service := c.login("admin", onAdmin), c.login("glance", onService)
	c.addUser("ann", "ann")
	c.grant("ann", identity.OnProject, adminProject, memberRole)
	ann := c.login("ann", onAdmin)
	blob := `"blob": "{\"access\": \"AK\", \"secret\": \"SK\"}"`
	c.as(ann, "POST", "/credentials", `{"credential": {"user_id": "`+adminUser+`", "type": "totp", "blob": "x"}}`, 403)
	c.as(ann, "POST", "/credentials", `{"credential": {"user_id": "ann", "type": "ec2", "blob": "{}", "project_id": "`+adminProject+`"}}`, 400)
	c.as(ann, "POST", "/credentials", `{"credential": {"user_id": "ann", "type": "ec2", "blob": "{\"access\": \"x\", \"trust_id\": \"y\"}", "project_id": "`+adminProject+`"}}`, 400)
	made := c.as(ann, "POST", "/credentials", `{"credential": {"user_id": "ann", "type": "ec2", `+blob+`, "project_id": "`+adminProject+`"}}`, 201)
	if id := c.field(made, "credential", "id"); id != identity.EC2CredentialID("AK") || c.field(made, "credential", "blob") != `{"access": "AK", "secret": "SK"}` {
		t.Errorf("made %s", made.body)
	}
	totp := "/credentials/" + c.field(c.as(ann, "POST", "/credentials", `{"credential": {"user_id": "ann", "type": "totp", "blob": "x"}}`, 201), "credential", "id")
	c.as(ann, "PATCH", totp, `{"credential": {"blob": "y", "type": "ec2"}}`, 400)
	c.as(ann, "PATCH", totp, `{"credential": {}}`, 400)
	c.wantBody(c.as(ann, "PATCH", totp, `{"credential": {"blob": "y"}}`, 200), `"blob": "y"`)
	c.as(ann, "DELETE", totp, "", 204)
	c.as(ann, "POST", "/credentials", `{"credential": {"user_id": "ann", "type": "ec2", `+blob+`, "project_id": "`+adminProject+`"}}`, 409)
	c.wantBody(c.as(ann, "GET", "/credentials?type=ec2", "", 200), `SK`)
	c.wantBody(c.as(ann, "GET", "/users/ann/credentials/OS-EC2/AK", "", 200), `"tenant_id": "`+adminProject+`"`)
	c.as(c.login("glance", onService), "GET", "/credentials/"+identity.EC2CredentialID("AK"), "", 403)

	toSign := "GET\n\n\n" + time.Now().UTC().Format(http.TimeFormat) + "\n/bucket"
	body := func(access, signature string) string {
		return fmt.Sprintf(`{"credentials": {"access": %q, "token": %q, "signature": %q}}`, access,
			base64.URLEncoding.EncodeToString([]byte(toSign)), signature)
	}
	right := base64.StdEncoding.EncodeToString(mac(sha1.New, []byte("SK"), toSign))
	res := c.as(service, "POST", "/s3tokens", body("AK", right), 200)
	c.wantBody(res, `"methods": ["ec2credential"]`, `"id": "ann"`, `"catalog"`)
	if res.header.Has("X-Subject-Token") {
		t.Error("a service was given the user's token")
	}
	c.as(ann, "POST", "/s3tokens", body("AK", right), 403)
	c.as(service, "POST", "/s3tokens", body("AK", "wrong"), 401)
	c.as(service, "POST", "/s3tokens", body("none", right), 404)
	c.as(service, "POST", "/s3tokens", `{}`, 401)
	c.as(service, "GET", "/s3tokens", "", 405)
	if err := c.svc.RemoveGrant(identity.Grant{UserID: "ann", Target: identity.OnProject, TargetID: adminProject, RoleID: memberRole}); err != nil {
		t.Fatal(err)
	}
	c.as(service, "POST", "/s3tokens", body("AK", right), 401)
	c.as(admin, "DELETE", "/users/ann/credentials/OS-EC2/AK", "", 204)
	c.as(service, "POST", "/s3tokens", body("AK", right), 404)
}

func FuzzEC2Request(f *testing.F) {
	f.Add(`{"signature": "x", "host": "h:1", "verb": "GET", "path": "/", "params": {"SignatureVersion": "2", "a": "b c"}}`)
	f.Add(`{"headers": {"Authorization": "AWS4-HMAC-SHA256 Credential=a/20200101/r/s/aws4_request, SignedHeaders=host;x, Signature=y"}}`)
	f.Fuzz(func(t *testing.T, body string) {
		o, err := parseObject([]byte(body))
		if err != nil {
			return
		}
		r, err := parseEC2Request(o)
		if err != nil {
			return
		}
		if r.SignedWith("secret") {
			t.Fatalf("%q is signed", body)
		}
	})
}
