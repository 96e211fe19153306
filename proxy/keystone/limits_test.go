// SPDX-License-Identifier: Apache-2.0

package keystone

import (
	"strings"
	"testing"

	"needletail/auth/identity"
)

const imageService = "3b7aead421ce4611a82e684ab8c2ad2f"

func TestLimits(t *testing.T) {
	c := newCloud(t)
	admin, glance, onSys := c.login("admin", onAdmin), c.login("glance", onService), c.login("glance", onSystem)
	registered := func(more string) string {
		return `{"registered_limits": [{"service_id": "` + imageService + `", "resource_name": "image_count_total"` + more + `}]}`
	}
	for _, bad := range []string{`{}`, `{"registered_limits": []}`, registered(""), registered(`, "default_limit": "x"`), registered(`, "default_limit": 1.5`),
		registered(`, "default_limit": -2`), registered(`, "default_limit": 2147483648`), registered(`, "default_limit": 1, "region_id": "none"`)} {
		c.as(admin, "POST", "/registered_limits", bad, 400)
	}
	made := c.as(admin, "POST", "/registered_limits", registered(`, "default_limit": 2147483647, "region_id": "RegionOne"`), 201)
	if strings.Contains(made.body, `"next"`) {
		t.Errorf("a list made has links: %s", made.body)
	}
	c.as(admin, "POST", "/registered_limits", registered(`, "default_limit": 5, "region_id": "RegionOne"`), 409)
	id := c.svc.RegisteredLimits()[0].ID
	limit := func(project, resource string) string {
		return `{"limits": [{"service_id": "` + imageService + `", "region_id": "RegionOne", "project_id": "` + project + `", "resource_name": "` + resource + `", "resource_limit": 3}]}`
	}
	c.wantBody(c.as(admin, "POST", "/limits", limit(adminProject, "other"), 403), "no corresponding registered limit")
	c.as(admin, "POST", "/limits", limit("nothing", "image_count_total"), 400)
	c.as(admin, "POST", "/limits", limit(adminProject, "image_count_total"), 201)
	c.as(admin, "POST", "/limits", limit(adminProject, "image_count_total"), 409)
	c.as(admin, "POST", "/limits", limit(serviceProject, "image_count_total"), 201)

	// The requests of oslo.limit, as the service user on the system.
	query := "?service_id=" + imageService + "&region_id=RegionOne"
	c.wantBody(c.as(onSys, "GET", "/limits"+query+"&project_id="+adminProject+"&resource_name=image_count_total", "", 200), `"resource_limit": 3`)
	c.wantBody(c.as(onSys, "GET", "/registered_limits"+query, "", 200), `"default_limit": 2147483647`)
	c.wantBody(c.as(glance, "GET", "/limits/model", "", 200), `"name": "flat"`)
	own := c.as(glance, "GET", "/limits", "", 200)
	if strings.Contains(own.body, adminProject) || !strings.Contains(own.body, serviceProject) {
		t.Errorf("a project sees %s", own.body)
	}
	other := c.svc.Limits(func(l *identity.Limit) bool { return l.ProjectID == adminProject })[0].ID
	c.as(glance, "GET", "/limits/"+other, "", 403)
	c.wantBody(c.as(admin, "PATCH", "/limits/"+other, `{"limit": {"resource_limit": -1, "project_id": "x"}}`, 200), `"resource_limit": -1`, adminProject)
	c.as(admin, "PATCH", "/registered_limits/"+id, `{"registered_limit": {"default_limit": 7}}`, 200)
	c.as(admin, "PATCH", "/registered_limits/"+id, `{"registered_limit": {"resource_name": "z"}}`, 403)
	c.as(admin, "DELETE", "/registered_limits/"+id, "", 403)
	c.as(admin, "DELETE", "/limits/"+other, "", 204)
	c.wantBody(c.as(admin, "GET", "/limits/"+other, "", 404), "Could not find limit for "+other)
	c.as(admin, "DELETE", "/projects/"+serviceProject, "", 204) // its limit goes with it
	c.as(admin, "DELETE", "/registered_limits/"+id, "", 204)
}

func TestAccessRules(t *testing.T) {
	c := newCloud(t)
	admin := c.login("admin", onAdmin)
	creds := "/users/" + adminUser + "/application_credentials"
	body := func(rules string) string {
		return `{"application_credential": {"name": "a", "secret": "s", "access_rules": ` + rules + `}}`
	}
	for _, bad := range []string{`"x"`, `["x"]`, `[{"path": "/", "method": "GET"}]`, `[{"path": "x", "method": "GET", "service": "s"}]`,
		`[{"path": "/", "method": "BREW", "service": "s"}]`, `[{"path": "/` + strings.Repeat("x", 128) + `", "method": "GET", "service": "s"}]`} {
		c.as(admin, "POST", creds, body(bad), 400)
	}
	c.as(admin, "POST", creds, body(`[{"id": "nothing"}]`), 404)
	made := c.as(admin, "POST", creds, body(`[{"path": "/v3/regions", "method": "GET", "service": "identity"}]`), 201)
	c.wantBody(made, `"access_rules": [{"path": "/v3/regions", "method": "GET", "service": "identity", "id": "`)
	rules := c.svc.AccessRules(adminUser)
	if len(rules) != 1 {
		t.Fatalf("%d rules", len(rules))
	}
	token := c.do("POST", "/v3/auth/tokens", `{"auth": {"identity": {"methods": ["application_credential"], "application_credential": {"id": "`+
		c.field(made, "application_credential", "id")+`", "secret": "s"}}}}`).header.Get("X-Subject-Token")
	c.as(token, "GET", "/regions", "", 200)
	c.as(token, "GET", "/regions/RegionOne", "", 401)
	c.as(token, "GET", "/users/"+adminUser, "", 401)

	// Only who says that they obey rules are told of such a token.
	for version, want := range map[string]int{"": 404, "0.9": 404, "1": 200, "1.0": 200, "x": 404} {
		res := c.do("GET", "/v3/auth/tokens", "", "X-Auth-Token", admin, "X-Subject-Token", token, "OpenStack-Identity-Access-Rules", version)
		if res.status != want || want == 200 && !strings.Contains(res.body, `"restricted": true, "access_rules": [`) {
			t.Errorf("version %q: %d %s", version, res.status, res.body)
		}
	}
	path := "/users/" + adminUser + "/access_rules/" + rules[0].ID
	c.as(admin, "GET", path, "", 200)
	c.wantBody(c.as(admin, "DELETE", path, "", 403), "May not delete access rule in use")
	c.as(admin, "DELETE", creds+"/"+c.field(made, "application_credential", "id"), "", 204)
	c.as(token, "GET", "/regions", "", 401)
	c.as(admin, "POST", creds, body(`[{"id": "`+rules[0].ID+`"}]`), 201)
	if n := len(c.svc.AccessRules(adminUser)); n != 1 {
		t.Errorf("%d rules after one was used again", n)
	}
}

// TestListLimit cuts lists at N and says so at N+1.
func TestListLimit(t *testing.T) {
	c := newCloud(t)
	admin := c.login("admin", onAdmin)
	for limit, want := range map[int]bool{2: true, 3: false, 0: false} { // there are three users
		c.handler = New(Config{Service: c.svc, ListLimit: limit})
		res := c.as(admin, "GET", "/users", "", 200)
		if got := strings.Contains(res.body, `"truncated": true`); got != want || limit == 2 && strings.Count(res.body, `"domain_id"`) != 2 {
			t.Errorf("limit %d: %s", limit, res.body)
		}
	}
}

func TestUserOptions(t *testing.T) {
	c := newCloud(t)
	admin := c.login("admin", onAdmin)
	id := c.made(admin, "users", `{"user": {"name": "o", "password": "first-one", "options": {"lock_password": true, "ignore_password_expiry": true}}}`)
	change := `{"user": {"original_password": "first-one", "password": "second-one"}}`
	c.wantBody(c.as("", "POST", "/users/"+id+"/password", change, 400), "policy disallowing password changes")
	c.wantBody(c.as(admin, "PATCH", "/users/"+id, `{"user": {"options": {"lock_password": null}}}`, 200), `"options": {"ignore_password_expiry": true}`)
	c.as("", "POST", "/users/"+id+"/password", change, 204)
	for _, bad := range []string{`{"unknown": true}`, `{"lock_password": "yes"}`, `{"multi_factor_auth_rules": true}`, `[]`} {
		c.as(admin, "PATCH", "/users/"+id, `{"user": {"options": `+bad+`}}`, 400)
	}
}
