// SPDX-License-Identifier: Apache-2.0

package keystone

import (
	"fmt"
	"strings"
	"testing"

	"needletail/auth/identity"
)

// tree is a domain with the projects top, mid and low, one below the other, and
// the user ann in the group g.
func (c *cloud) tree(admin string) (top, mid, low, ann, group string) {
	c.Helper()
	must[*identity.Domain](c.T)(c.svc.CreateDomain(identity.Domain{ID: "dt", Name: "dt", Enabled: true}))
	top = c.made(admin, "projects", `{"project": {"name": "top", "domain_id": "dt"}}`)
	mid = c.made(admin, "projects", `{"project": {"name": "mid", "domain_id": "dt", "parent_id": "`+top+`", "tags": ["red", "blue"]}}`)
	low = c.made(admin, "projects", `{"project": {"name": "low", "domain_id": "dt", "parent_id": "`+mid+`", "tags": ["red"]}}`)
	ann = c.made(admin, "users", `{"user": {"name": "ann", "domain_id": "dt", "password": "pw"}}`)
	group = c.made(admin, "groups", `{"group": {"name": "g", "domain_id": "dt"}}`)
	c.as(admin, "PUT", "/groups/"+group+"/users/"+ann, "", 204)
	return top, mid, low, ann, group
}

func TestHierarchy(t *testing.T) {
	c := newCloud(t)
	admin := c.login("admin", onAdmin)
	top, mid, low, _, _ := c.tree(admin)
	c.wantBody(c.as(admin, "GET", "/projects/"+low+"?parents_as_ids", "", 200), `"parents": {"`+mid+`": {"`+top+`": {"dt": null}}}`)
	c.wantBody(c.as(admin, "GET", "/projects/"+top+"?subtree_as_ids", "", 200), `"subtree": {"`+mid+`": {"`+low+`": null}}`)
	c.wantBody(c.as(admin, "GET", "/projects/"+low+"?subtree_as_ids", "", 200), `"subtree": null`)
	c.wantBody(c.as(admin, "GET", "/projects/"+top+"?subtree_as_list", "", 200), `"subtree": []`) // no role there
	c.grant(adminUser, identity.OnProject, low, readerRole)
	c.wantBody(c.as(admin, "GET", "/projects/"+top+"?subtree_as_list", "", 200), `"subtree": [{"project": {"id": "`+low+`"`)
	c.as(admin, "GET", "/projects/"+top+"?subtree_as_list&subtree_as_ids", "", 400)
	c.as(admin, "GET", "/projects/"+top+"?parents_as_list&parents_as_ids", "", 400)
	c.wantBody(c.as(admin, "GET", "/projects/dt", "", 200), `"is_domain": true`, `"domain_id": null`)

	// With the domain, five are allowed.
	deepest := c.made(admin, "projects", `{"project": {"name": "x", "domain_id": "dt", "parent_id": "`+low+`"}}`)
	c.as(admin, "POST", "/projects", `{"project": {"name": "y", "domain_id": "dt", "parent_id": "`+deepest+`"}}`, 403)

	c.as(admin, "PATCH", "/projects/"+mid, `{"project": {"enabled": false}}`, 200)
	c.as(admin, "PATCH", "/projects/"+low, `{"project": {"enabled": false}}`, 200)
	c.as(admin, "PATCH", "/projects/"+low, `{"project": {"enabled": true}}`, 403)
	c.as(admin, "DELETE", "/projects/"+mid, "", 403)
	c.as(admin, "PATCH", "/projects/"+top, `{"project": {"options": {"immutable": true}}}`, 200)
	c.as(admin, "PATCH", "/projects/"+top, `{"project": {"name": "z"}}`, 403)
	c.as(admin, "PATCH", "/projects/"+top, `{"project": {"options": {"immutable": null}}}`, 200)
}

func TestProjectTags(t *testing.T) {
	c := newCloud(t)
	admin := c.login("admin", onAdmin)
	_, mid, low, _, _ := c.tree(admin)
	for query, want := range map[string]int{"tags=red": 2, "tags=red,blue": 1, "tags-any=blue,none": 1, "not-tags=red,blue": 4, "not-tags-any=red": 3} {
		res := c.as(admin, "GET", "/projects?"+query, "", 200)
		if got := strings.Count(res.body, `"is_domain"`); got != want {
			t.Errorf("%s gives %d, want %d: %s", query, got, want, res.body)
		}
	}
	tags := "/projects/" + low + "/tags"
	res := c.as(admin, "PUT", tags+"/green", "", 201)
	if got := res.header.Get("Location"); got != "http://182.161.114.101/identity/v3"+tags+"/green" {
		t.Errorf("Location: %s", got)
	}
	c.wantBody(c.as(admin, "GET", tags, "", 200), `{"tags": ["red", "green"], "links"`)
	c.as(admin, "GET", tags+"/green", "", 204)
	c.as(admin, "DELETE", tags+"/green", "", 204)
	c.as(admin, "GET", tags+"/green", "", 404)
	c.as(admin, "DELETE", tags+"/green", "", 404)
	list := func(n int) string {
		var all []string
		for i := range n {
			all = append(all, fmt.Sprintf(`"t%d"`, i))
		}
		return `{"tags": [` + strings.Join(all, ", ") + `]}`
	}
	c.as(admin, "PUT", tags, list(maxTags), 200)
	c.as(admin, "PUT", tags, list(maxTags+1), 400)
	for _, bad := range []string{`["a,b"]`, `["a/b"]`, `[""]`, `["a", "a"]`, `[1]`, `"a"`, `["` + strings.Repeat("é", maxTagChars+1) + `"]`} {
		c.as(admin, "PUT", tags, `{"tags": `+bad+`}`, 400)
	}
	c.as(admin, "PUT", tags, `{"tags": ["`+strings.Repeat("é", maxTagChars)+`"]}`, 200)
	c.as(admin, "DELETE", "/projects/"+mid+"/tags", "", 204)
	c.wantBody(c.as(admin, "GET", "/projects/"+mid+"/tags", "", 200), `{"tags": []`)
}

// TestGroupAndInheritedGrants: who has what, where, and since when no more.
func TestGroupAndInheritedGrants(t *testing.T) {
	c := newCloud(t)
	admin := c.login("admin", onAdmin)
	top, mid, low, ann, group := c.tree(admin)
	onProject := func(project string, want int) string {
		t.Helper()
		res := c.do("POST", "/v3/auth/tokens", `{"auth": {"identity": {"methods": ["password"], "password": {"user": {"id": "`+ann+
			`", "password": "pw"}}}, "scope": {"project": {"id": "`+project+`"}}}}`)
		if res.status != want {
			t.Errorf("a token on %s: %d, want %d", project, res.status, want)
		}
		return res.header.Get("X-Subject-Token")
	}
	onProject(top, 401)
	c.as(admin, "PUT", "/projects/"+top+"/groups/"+group+"/roles/"+memberRole, "", 204)
	token := onProject(top, 201)
	onProject(mid, 401)
	inherited := "/OS-INHERIT/projects/" + top + "/groups/" + group + "/roles/" + readerRole + "/inherited_to_projects"
	c.as(admin, "PUT", inherited, "", 204)
	c.as(admin, "PUT", inherited, "", 204)
	c.as(admin, "HEAD", inherited, "", 204)
	below := onProject(low, 201)
	if res := c.as(admin, "GET", "/projects/"+top+"/groups/"+group+"/roles", "", 200); strings.Contains(res.body, "reader") {
		t.Error("an inherited grant is listed among the others")
	}
	count := func(query string, want int, parts ...string) {
		t.Helper()
		res := c.as(admin, "GET", "/role_assignments?"+query, "", 200)
		if got := strings.Count(res.body, `{"role": {`); got != want {
			t.Errorf("%s gives %d, want %d: %s", query, got, want, res.body)
		}
		c.wantBody(res, parts...)
	}
	self := "http://182.161.114.101/identity/v3"
	count("group.id="+group, 2, `"OS-INHERIT:inherited_to": "projects"`, self+inherited)
	count("scope.OS-INHERIT:inherited_to=projects", 1)
	count("user.id="+ann, 0)
	count("effective&user.id="+ann, 4, `"membership": "`+self+`/groups/`+group+`/users/`+ann+`"`, self+inherited,
		`"prior_role": "`+self+`/prior_role/`+readerRole+`/implies/`+memberRole+`"`)
	count("effective&include_names&scope.project.id="+low, 1, `"user": {"id": "`+ann+`", "name": "ann", "domain": {"id": "dt", "name": "dt"}}`)
	count("effective&include_subtree&scope.project.id="+top, 4)
	count("include_subtree&scope.project.id="+top, 2)
	for _, bad := range []string{"effective&group.id=x", "user.id=x&group.id=y", "scope.project.id=x&scope.domain.id=y",
		"scope.system=all&scope.domain.id=y", "include_subtree", "effective&scope.domain.id=x&scope.OS-INHERIT:inherited_to=projects"} {
		c.as(admin, "GET", "/role_assignments?"+bad, "", 400)
	}
	c.wantBody(c.as(token, "GET", "/auth/projects", "", 200), top, mid, low)

	c.as(admin, "DELETE", inherited, "", 204)
	c.as(below, "GET", "/auth/projects", "", 401)
	c.as(admin, "DELETE", "/groups/"+group+"/users/"+ann, "", 204)
	c.as(admin, "HEAD", "/groups/"+group+"/users/"+ann, "", 404)
	c.as(token, "GET", "/auth/projects", "", 401)
	c.as(admin, "PUT", "/groups/"+group+"/users/"+ann, "", 204)
	c.as(token, "GET", "/auth/projects", "", 401) // from before
	token = onProject(top, 201)
	c.as(token, "GET", "/auth/projects", "", 200)
	c.as(admin, "DELETE", "/groups/"+group, "", 204)
	c.as(token, "GET", "/auth/projects", "", 401)

	// A domain's inherited grant reaches all of its projects, not the domain.
	c.as(admin, "PUT", "/OS-INHERIT/domains/dt/users/"+ann+"/roles/"+readerRole+"/inherited_to_projects", "", 204)
	c.wantBody(c.as(admin, "GET", "/OS-INHERIT/domains/dt/users/"+ann+"/roles/inherited_to_projects", "", 200), `"name": "reader"`)
	onProject(low, 201)
	if len(c.svc.EffectiveRoles(ann, identity.OnDomain, "dt")) != 0 {
		t.Error("an inherited grant counts on the domain")
	}
}

func TestImpliedRoles(t *testing.T) {
	c := newCloud(t)
	admin := c.login("admin", onAdmin)
	role := c.made(admin, "roles", `{"role": {"name": "one"}}`)
	own := c.made(admin, "roles", `{"role": {"name": "own", "domain_id": "default"}}`)
	path := "/roles/" + role + "/implies/" + readerRole
	c.wantBody(c.as(admin, "PUT", path, "", 201), `{"role_inference": {"prior_role": {"id": "`+role+`", "name": "one", "links"`, `"implies": {"id": "`+readerRole)
	c.as(admin, "PUT", path, "", 409)
	c.as(admin, "HEAD", path, "", 204)
	c.as(admin, "GET", path, "", 200)
	c.wantBody(c.as(admin, "GET", "/roles/"+role+"/implies", "", 200), `"implies": [{"id": "`+readerRole)
	c.wantBody(c.as(admin, "GET", "/role_inferences", "", 200), `"prior_role": {"id": "`+role)
	c.as(admin, "PUT", "/roles/"+role+"/implies/"+adminRole, "", 403)
	c.as(admin, "PUT", "/roles/"+role+"/implies/"+own, "", 403)
	c.as(admin, "DELETE", path, "", 204)
	c.as(admin, "DELETE", path, "", 404)
	c.as(admin, "HEAD", path, "", 404)

	// A domain's role stands for what it implies, and counts in its domain only.
	c.as(admin, "PUT", "/roles/"+own+"/implies/"+readerRole, "", 201)
	c.addUser("ann", "ann")
	c.as(admin, "PUT", "/system/users/ann/roles/"+own, "", 403)
	c.as(admin, "PUT", "/projects/"+adminProject+"/users/ann/roles/"+own, "", 204)
	res := c.do("POST", "/v3/auth/tokens", loginBody("ann", fixturePassword, onAdmin))
	c.wantBody(res, `"roles": [{"id": "`+readerRole+`", "name": "reader"}]`)
}
