// SPDX-License-Identifier: Apache-2.0

package keystone

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"hash"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"needletail/auth/identity"
)

// delegations are tokens of the admin on the project admin, with the role admin,
// by each kind of delegation.
func (c *cloud) delegations(admin, service string) map[string]string {
	c.Helper()
	c.addUser("trustee", "trustee")
	trust := c.as(admin, "POST", "/OS-TRUST/trusts", delegate("trustee", `, "roles": [{"name": "admin"}], "allow_redelegation": true`), 201)
	return map[string]string{
		"trust":        c.trustToken("trustee", c.field(trust, "trust", "id"), 201),
		"restricted":   c.appCredToken(admin, adminUser, "restricted", `, "unrestricted": false`),
		"unrestricted": c.appCredToken(admin, adminUser, "unrestricted", `, "unrestricted": true`),
		"ec2":          c.ec2Token(service, c.ec2Key(admin, adminUser)),
	}
}

// appCredToken makes an application credential and logs in with it.
func (c *cloud) appCredToken(token, user, name, more string) string {
	c.Helper()
	body := fmt.Sprintf(`{"application_credential": {"name": %q, "secret": "s"%s}}`, name, more)
	made := c.as(token, "POST", "/users/"+user+"/application_credentials", body, 201)
	return c.appCredLogin(c.field(made, "application_credential", "id"), 201)
}

func (c *cloud) appCredLogin(id string, want int) string {
	c.Helper()
	res := c.do("POST", tokensPath, `{"auth": {"identity": {"methods": ["application_credential"], "application_credential": {"id": "`+id+`", "secret": "s"}}}}`)
	if res.status != want {
		c.Fatalf("a login with the credential %s: %d %s, want %d", id, res.status, res.body, want)
	}
	return res.header.Get("X-Subject-Token")
}

// ec2Key makes an EC2 key on the project admin.
func (c *cloud) ec2Key(token, user string) identity.EC2Key {
	c.Helper()
	made := c.as(token, "POST", "/users/"+user+"/credentials/OS-EC2", `{"tenant_id": "`+adminProject+`"}`, 201)
	return identity.EC2Key{Access: c.field(made, "credential", "access"), Secret: c.field(made, "credential", "secret")}
}

// ec2Token has a request signed with a key and gives the token for it.
func (c *cloud) ec2Token(service string, key identity.EC2Key) string {
	c.Helper()
	res := c.as(service, "POST", "/ec2tokens", signedEC2(key, time.Now()), 200)
	c.wantBody(res, `"methods": ["ec2credential"]`)
	return res.header.Get("X-Subject-Token")
}

// mac returns the HMAC of a text.
func mac(h func() hash.Hash, key []byte, text string) []byte {
	m := hmac.New(h, key)
	m.Write([]byte(text))
	return m.Sum(nil)
}

// signedEC2 is the body of a request that was signed at a time.
func signedEC2(key identity.EC2Key, at time.Time) string {
	stamp := at.UTC().Format(time.RFC3339)
	toSign := "GET\nh\n/\nSignatureMethod=HmacSHA256&SignatureVersion=2&Timestamp=" + url.QueryEscape(stamp)
	signature := base64.StdEncoding.EncodeToString(mac(sha256.New, []byte(key.Secret), toSign))
	return fmt.Sprintf(`{"credentials": {"access": %q, "signature": %q, "host": "h", "verb": "GET", "path": "/",
		"params": {"SignatureVersion": "2", "SignatureMethod": "HmacSHA256", "Timestamp": %q}}}`, key.Access, signature, stamp)
}

// TestDelegatedTokens: no token that its user gave away makes anything that
// outlives the delegation.
func TestDelegatedTokens(t *testing.T) {
	c := newCloud(t)
	admin, service := c.login("admin", onAdmin), c.login("glance", onService)
	tokens := c.delegations(admin, service)
	c.addUser("ann", "ann")
	c.made(admin, "groups", `{"group": {"name": "g", "domain_id": "default"}}`)
	own := "/users/" + adminUser
	appCred := own + "/application_credentials/"
	ruled := c.as(admin, "POST", appCred[:len(appCred)-1], `{"application_credential": {"name": "ruled", "secret": "s",
		"access_rules": [{"service": "image", "method": "GET", "path": "/v2/images"}]}}`, 201)
	id := c.field(ruled, "application_credential", "id")
	rule := c.svc.AccessRules(adminUser)[0].ID
	totp := c.field(c.as(admin, "POST", "/credentials", `{"credential": {"user_id": "`+adminUser+`", "type": "totp", "blob": "x"}}`, 201), "credential", "id")
	access := c.ec2Key(admin, adminUser).Access
	group := c.svc.Groups(nil)[0].ID
	trust := c.svc.Trusts(nil)[0].ID
	const all = "trust restricted unrestricted ec2"
	for _, x := range []struct{ refused, method, path, body string }{
		{"trust ec2", "GET", own + "/application_credentials", ""},
		{"trust restricted ec2", "POST", own + "/application_credentials", `{"application_credential": {"name": "new NAME", "unrestricted": true}}`},
		{"trust ec2", "GET", appCred + id, ""},
		{"trust restricted ec2", "DELETE", appCred + "none", ""},
		{"trust ec2", "GET", own + "/access_rules", ""},
		{"trust ec2", "GET", own + "/access_rules/" + rule, ""},
		{"trust restricted ec2", "DELETE", own + "/access_rules/none", ""},
		{all, "GET", "/credentials", ""},
		{all, "POST", "/credentials", `{"credential": {"user_id": "` + adminUser + `", "type": "totp", "blob": "x"}}`},
		{all, "GET", "/credentials/" + totp, ""},
		{all, "PATCH", "/credentials/" + totp, `{"credential": {"blob": "y"}}`},
		{all, "DELETE", "/credentials/" + totp, ""},
		{all, "GET", own + "/credentials/OS-EC2", ""},
		{all, "POST", own + "/credentials/OS-EC2", `{"tenant_id": "` + adminProject + `"}`},
		{all, "GET", own + "/credentials/OS-EC2/" + access, ""},
		{all, "DELETE", own + "/credentials/OS-EC2/" + access, ""},
		{"restricted unrestricted ec2", "GET", "/OS-TRUST/trusts", ""},
		{"restricted unrestricted ec2", "POST", "/OS-TRUST/trusts", delegate("ann", `, "roles": [{"name": "admin"}]`)},
		{"restricted unrestricted ec2", "GET", "/OS-TRUST/trusts/" + trust, ""},
		{"restricted unrestricted ec2", "GET", "/OS-TRUST/trusts/" + trust + "/roles", ""},
		{"restricted unrestricted ec2", "GET", "/OS-TRUST/trusts/" + trust + "/roles/" + adminRole, ""},
		{all, "DELETE", "/OS-TRUST/trusts/none", ""},
		{"trust ec2", "POST", "/users", `{"user": {"name": "new NAME", "password": "p"}}`},
		{"trust ec2", "PATCH", "/users/ann", `{"user": {"password": "p"}}`},
		{"trust ec2", "PUT", "/projects/" + adminProject + "/users/ann/roles/" + adminRole, ""},
		{"trust ec2", "PUT", "/system/users/ann/roles/" + adminRole, ""},
		{"trust ec2", "PUT", "/OS-INHERIT/domains/default/groups/" + group + "/roles/" + adminRole + "/inherited_to_projects", ""},
		{"trust ec2", "PUT", "/groups/" + group + "/users/ann", ""},
		{"trust ec2", "PUT", "/roles/" + readerRole + "/implies/" + adminRole, ""},
		{"ec2", "GET", "/auth/projects", ""},
		{"ec2", "GET", "/users", ""},
		{"ec2", "GET", "", ""},
	} {
		for kind, token := range tokens {
			if x.method == "PUT" && strings.Contains(x.path, "implies") && kind != "trust" && kind != "ec2" {
				continue // which would be a circle of roles
			}
			want := slices.Contains(strings.Fields(x.refused), kind)
			res := c.do(x.method, "/v3"+x.path, strings.ReplaceAll(x.body, "NAME", kind), "X-Auth-Token", token)
			if (res.status == 403) != want || res.status == 401 {
				t.Errorf("%s %s by %s: %d %s", x.method, x.path, kind, res.status, res.body)
			}
		}
	}
	for kind, token := range tokens {
		rescope := `{"auth": {"identity": {"methods": ["token"], "token": {"id": "` + token + `"}}, "scope": `
		for _, scope := range []string{onAdmin, onService, trustScope(trust), `"unscoped"`} {
			if res := c.do("POST", tokensPath, rescope+scope+"}}"); res.status != 403 {
				t.Errorf("%s exchanged for %s: %d", kind, scope, res.status)
			}
		}
	}
}

// TestEC2TokenShowsItself, in which it is like any other token, and nothing else.
func TestEC2TokenShowsItself(t *testing.T) {
	c := newCloud(t)
	admin, service := c.login("admin", onAdmin), c.login("glance", onService)
	token := c.ec2Token(service, c.ec2Key(admin, adminUser))
	for _, x := range []struct {
		method, path, auth, subject string
		want                        int
	}{
		{"GET", tokensPath, token, token, 200},
		{"HEAD", tokensPath, token, token, 200},
		{"GET", tokensPath + "/", token, token, 200},
		{"GET", tokensPath, service, token, 200},
		{"GET", tokensPath, token, admin, 403},
		{"GET", tokensPath, token, "", 403},
		{"DELETE", tokensPath, token, token, 403},
		{"GET", "/v3/auth/catalog", token, token, 403},
		{"DELETE", tokensPath, admin, token, 204},
	} {
		if res := c.do(x.method, x.path, "", "X-Auth-Token", x.auth, "X-Subject-Token", x.subject); res.status != x.want {
			t.Errorf("%s %s: %d %s, want %d", x.method, x.path, res.status, res.body, x.want)
		}
	}
}

// TestTrustMakesNothingThatStays follows a trustee who looks for a way to stay.
func TestTrustMakesNothingThatStays(t *testing.T) {
	c := newCloud(t)
	admin := c.login("admin", onAdmin)
	c.addUser("v", "v")
	trust := c.field(c.as(admin, "POST", "/OS-TRUST/trusts", delegate("v", asMember), 201), "trust", "id")
	token := c.trustToken("v", trust, 201)
	c.as(token, "POST", "/users/"+adminUser+"/application_credentials", `{"application_credential": {"name": "a", "secret": "s", "unrestricted": true}}`, 403)
	c.as(admin, "DELETE", "/OS-TRUST/trusts/"+trust, "", 204)
	if left := c.svc.AppCredentials(nil); len(left) != 0 {
		t.Errorf("left behind: %+v", left)
	}
	c.as(token, "GET", "/auth/projects", "", 401)
}

// TestAppCredKeepsItsAccessRules: an unrestricted application credential makes
// others, none of which may do more than it.
func TestAppCredKeepsItsAccessRules(t *testing.T) {
	c := newCloud(t)
	admin := c.login("admin", onAdmin)
	own := "/users/" + adminUser + "/application_credentials"
	const get = `{"service": "image", "method": "GET", "path": "/v2/images"}`
	token := c.appCredToken(admin, adminUser, "parent", `, "unrestricted": true, "access_rules": [`+get+`, {"service": "identity", "method": "POST", "path": "/v3`+own+`"}]`)
	child := func(more string) string {
		return `{"application_credential": {"name": "child", "secret": "s"` + more + `}}`
	}
	c.as(token, "POST", own, child(``), 403)
	c.as(token, "POST", own, child(`, "access_rules": [`+get+`, {"service": "image", "method": "GET", "path": "/v2/**"}]`), 403)
	c.as(token, "POST", own, child(`, "access_rules": [`+get+`]`), 201)
	var rule string
	for _, r := range c.svc.AccessRules(adminUser) {
		if r.Service == "image" {
			rule = r.ID
		}
	}
	c.as(token, "POST", own, strings.Replace(child(`, "access_rules": [{"id": "`+rule+`"}]`), "child", "second", 1), 201)
}

// TestReadersKeepNoKeys: who only reads makes no key that signs, on either path.
func TestReadersKeepNoKeys(t *testing.T) {
	c := newCloud(t)
	admin := c.login("admin", onAdmin)
	c.addUser("ann", "ann")
	c.grant("ann", identity.OnProject, adminProject, readerRole)
	reader := c.login("ann", onAdmin)
	unscoped := c.login("ann", `"unscoped"`)
	const paths = "/users/ann/credentials/OS-EC2"
	key := func(access string) string {
		return fmt.Sprintf(`{"credential": {"user_id": "ann", "project_id": %q, "type": "ec2", "blob": "{\"access\": \"%s\", \"secret\": \"s\"}"}}`, adminProject, access)
	}
	kept := c.ec2Key(admin, "ann").Access
	for _, token := range []string{reader, unscoped} {
		c.as(token, "POST", paths, `{"tenant_id": "`+adminProject+`"}`, 403)
		c.as(token, "POST", "/credentials", key("a"), 403)
		c.as(token, "PATCH", "/credentials/"+identity.EC2CredentialID(kept), `{"credential": {"blob": "{\"access\": \"`+kept+`\", \"secret\": \"t\"}"}}`, 403)
		c.as(token, "DELETE", "/credentials/"+identity.EC2CredentialID(kept), "", 403)
		c.as(token, "DELETE", paths+"/"+kept, "", 403)
		c.as(token, "GET", paths+"/"+kept, "", 200)
		totp := c.field(c.as(token, "POST", "/credentials", `{"credential": {"user_id": "ann", "type": "totp", "blob": "x"}}`, 201), "credential", "id")
		c.as(token, "DELETE", "/credentials/"+totp, "", 204)
	}
	c.grant("ann", identity.OnProject, adminProject, memberRole)
	c.as(reader, "POST", paths, `{"tenant_id": "`+adminProject+`"}`, 201)
	c.as(reader, "POST", "/credentials", key("b"), 201)
	c.as(reader, "DELETE", paths+"/"+kept, "", 204)
}
