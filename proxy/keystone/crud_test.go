// SPDX-License-Identifier: Apache-2.0

package keystone

import (
	"encoding/json"
	"strings"
	"testing"
)

// made creates something and gives its id.
func (c *cloud) made(token, collection, body string) string {
	c.Helper()
	res := c.do("POST", "/v3/"+collection, body, "X-Auth-Token", token)
	var out map[string]struct{ ID string }
	if err := json.Unmarshal([]byte(res.body), &out); err != nil || res.status != 201 {
		c.Fatalf("POST %s: %d %s", collection, res.status, res.body)
	}
	return out[strings.TrimSuffix(collection, "s")].ID
}

// TestLives creates, lists, shows, changes and deletes one of each.
func TestLives(t *testing.T) {
	c := newCloud(t)
	admin := c.login("admin", onAdmin)
	for _, x := range []struct{ collection, create, patch, shown string }{
		{"users", `{"user": {"name": "one", "password": "pw", "email": "a@b", "description": "é"}}`,
			`{"user": {"name": "two", "email": null}}`,
			`{"user": {"id": "ID", "name": "two", "domain_id": "default", "enabled": true, "password_expires_at": null, "options": {}, "links": {"self": "SELF"}, "description": "\u00e9", "email": null}}`},
		{"projects", `{"project": {"name": "one", "tags": ["a"]}}`, `{"project": {"name": "two", "description": "d"}}`,
			`{"project": {"id": "ID", "name": "two", "domain_id": "default", "description": "d", "enabled": true, "parent_id": "default", "is_domain": false, "tags": ["a"], "options": {}, "links": {"self": "SELF"}}}`},
		{"domains", `{"domain": {"name": "one"}}`, `{"domain": {"name": "two", "enabled": false}}`,
			`{"domain": {"id": "ID", "name": "two", "description": "", "enabled": false, "tags": [], "options": {}, "links": {"self": "SELF"}}}`},
		{"roles", `{"role": {"name": "one"}}`, `{"role": {"name": "two", "description": "d"}}`,
			`{"role": {"id": "ID", "name": "two", "domain_id": null, "description": "d", "options": {}, "links": {"self": "SELF"}}}`},
		{"services", `{"service": {"name": "one", "type": "x"}}`, `{"service": {"name": "two"}}`,
			`{"service": {"name": "two", "id": "ID", "type": "x", "enabled": true, "links": {"self": "SELF"}}}`},
		{"regions", `{"region": {"description": "one"}}`, `{"region": {"description": "two", "parent_region_id": "RegionOne"}}`,
			`{"region": {"id": "ID", "description": "two", "parent_region_id": "RegionOne", "links": {"self": "SELF"}}}`},
		{"endpoints", `{"endpoint": {"service_id": "3b7aead421ce4611a82e684ab8c2ad2f", "interface": "admin", "url": "http://one", "region": "New"}}`,
			`{"endpoint": {"url": "http://two"}}`,
			`{"endpoint": {"id": "ID", "interface": "admin", "region_id": "New", "service_id": "3b7aead421ce4611a82e684ab8c2ad2f", "url": "http://two", "enabled": true, "region": "New", "links": {"self": "SELF"}}}`},
	} {
		id := c.made(admin, x.collection, x.create)
		path := "/v3/" + x.collection + "/" + id
		shown := strings.NewReplacer("ID", id, "SELF", "http://182.161.114.101/identity"+path).Replace(x.shown) + "\n"
		if res := c.do("PATCH", path, x.patch, "X-Auth-Token", admin); res.status != 200 || res.body != shown {
			t.Errorf("PATCH %s: %d\n got %swant %s", path, res.status, res.body, shown)
		}
		if res := c.do("GET", path, "", "X-Auth-Token", admin); res.status != 200 || res.body != shown {
			t.Errorf("GET %s: %d %s", path, res.status, res.body)
		}
		if res := c.do("GET", "/v3/"+x.collection, "", "X-Auth-Token", admin); !strings.Contains(res.body, id) {
			t.Errorf("%s is not in the list", path)
		}
		if res := c.do("DELETE", path, "", "X-Auth-Token", admin); res.status != 204 || res.header.Has("Content-Type") {
			t.Errorf("DELETE %s: %d %s", path, res.status, res.body)
		}
		if res := c.do("GET", path, "", "X-Auth-Token", admin); res.status != 404 {
			t.Errorf("GET %s after its delete: %d", path, res.status)
		}
	}
}

// TestFilters counts what a query leaves.
func TestFilters(t *testing.T) {
	c := newCloud(t)
	admin := c.login("admin", onAdmin)
	c.made(admin, "users", `{"user": {"name": "Off", "enabled": false}}`)
	for query, want := range map[string]int{
		"users": 4, "users?name=admin": 1, "users?name=none": 0, "users?enabled=false": 1, "users?enabled=0": 1,
		"users?enabled=true": 3, "users?enabled=": 3, "users?domain_id=default&name=glance": 1, "users?domain_id=x": 0,
		"users?name__contains=lance": 2, "users?name__startswith=glance-": 1, "users?name__endswith=n": 1,
		"users?name__icontains=OF": 1, "users?name__contains=OF": 0, "users?unknown=1": 4,
		"projects?name=admin": 1, "projects?is_domain=true": 1, "projects?parent_id=default": 2,
		"roles?name=reader": 1, "roles?domain_id=default": 0,
		"services?type=image": 1, "services?name=swift": 1, "endpoints?interface=admin": 2,
		"endpoints?service_id=628d3cea8d3b4615a4b047bae6112d0e&interface=public": 1, "regions": 1,
		"role_assignments": 5, "role_assignments?user.id=" + adminUser: 1, "role_assignments?scope.system=all": 1,
		"role_assignments?user.id=" + adminUser + "&effective":    3,
		"role_assignments?scope.project.id=" + serviceProject:     3,
		"role_assignments?role.id=" + serviceRole:                 2,
		"role_assignments?role.id=" + readerRole + "&effective=0": 1,
		"auth/projects": 1, "auth/domains": 0,
	} {
		res := c.do("GET", "/v3/"+query, "", "X-Auth-Token", admin)
		var out map[string]json.RawMessage
		if err := json.Unmarshal([]byte(res.body), &out); err != nil || res.status != 200 {
			t.Fatalf("%s: %d %s", query, res.status, res.body)
		}
		delete(out, "links")
		var rows []any
		for _, raw := range out {
			if err := json.Unmarshal(raw, &rows); err != nil {
				t.Fatalf("%s: %v", query, err)
			}
		}
		if len(rows) != want {
			t.Errorf("%s gives %d, want %d: %s", query, len(rows), want, res.body)
		}
		if self := `"self": "http://182.161.114.101/identity/v3/` + query + `", "previous": null}}`; !strings.Contains(res.body, self) {
			t.Errorf("%s has no %s", query, self)
		}
	}
	both := c.do("GET", "/v3/role_assignments?scope.system=all&scope.domain.id=x", "", "X-Auth-Token", admin)
	if both.status != 400 {
		t.Errorf("two scopes: %d", both.status)
	}
}

func TestGrantsAndAssignments(t *testing.T) {
	c := newCloud(t)
	admin := c.login("admin", onAdmin)
	for prefix, shown := range map[string]string{
		"/v3/projects/" + serviceProject: `"scope": {"project": {"id": "` + serviceProject + `", "name": "service", "domain": {"id": "default", "name": "Default"}}}`,
		"/v3/domains/default":            `"scope": {"domain": {"id": "default", "name": "Default"}}`,
		"/v3/system":                     `"scope": {"system": {"all": true}}`,
	} {
		list := prefix + "/users/" + adminUser + "/roles"
		path := list + "/" + memberRole
		step := func(method, path string, status int) reply {
			t.Helper()
			res := c.do(method, path, "", "X-Auth-Token", admin)
			if res.status != status {
				t.Errorf("%s %s: %d %s, want %d", method, path, res.status, res.body, status)
			}
			return res
		}
		step("HEAD", path, 404)
		step("PUT", path, 204)
		step("PUT", path, 204)
		step("HEAD", path, 204)
		if res := step("GET", list, 200); strings.Count(res.body, `"name"`) != 1 {
			t.Errorf("%s: %s", list, res.body)
		}
		res := step("GET", "/v3/role_assignments?include_names&user.id="+adminUser+"&role.id="+memberRole, 200)
		for _, want := range []string{shown, `{"role": {"id": "` + memberRole + `", "name": "member"}`,
			`"user": {"id": "` + adminUser + `", "name": "admin", "domain": {"id": "default", "name": "Default"}}`,
			`"links": {"assignment": "http://182.161.114.101/identity` + path + `"}`} {
			if !strings.Contains(res.body, want) {
				t.Errorf("%s\nhas no %s", res.body, want)
			}
		}
		step("DELETE", path, 204)
		step("DELETE", path, 404)
		step("PUT", list+"/nothing", 404)
	}
}

// TestPasswordChange: the old password, the new one, and the old tokens.
func TestPasswordChange(t *testing.T) {
	c := newCloud(t)
	admin := c.login("admin", onAdmin)
	change := func(original string) int {
		return c.do("POST", "/v3/users/"+adminUser+"/password",
			`{"user": {"original_password": "`+original+`", "password": "new"}}`).status
	}
	if got := change("wrong"); got != 401 {
		t.Errorf("a wrong password: %d", got)
	}
	if got := change(fixturePassword); got != 204 {
		t.Errorf("the right password: %d", got)
	}
	if res := c.do("GET", "/v3/users", "", "X-Auth-Token", admin); res.status != 401 {
		t.Errorf("the old token: %d", res.status)
	}
	if res := c.do("POST", "/v3/auth/tokens", loginBody("admin", "new", onAdmin)); res.status != 201 {
		t.Errorf("the new password: %d", res.status)
	}
}
