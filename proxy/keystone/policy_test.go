// SPDX-License-Identifier: Apache-2.0

package keystone

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"needletail/auth/identity"
)

// TestEveryRouteHasARule: the table refuses to be built otherwise.
func TestEveryRouteHasARule(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range routes() {
		if r.rule.name == "" || r.rule.allow == nil || r.handle == nil || r.action == "" {
			t.Errorf("%s %s is not complete", r.method, r.pattern)
		}
		if key := r.method + " " + r.pattern; seen[key] {
			t.Errorf("%s is there twice", key)
		} else {
			seen[key] = true
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("a route without a rule was taken")
		}
	}()
	newTable([]route{{method: "GET", pattern: "/v3/x", handle: versions}})
}

// policyActors are who asks. Tokens of the admin come in seven kinds: of a login
// on a project, on the system and on a domain, of a trust, of two application
// credentials and of an EC2 key.
var policyActors = strings.Fields("anonymous member reader service system admin sysadmin trust restricted unrestricted domain ec2")

const (
	adminsAnyhow = " admin sysadmin trust restricted unrestricted domain "
	cloudAdmins  = " admin sysadmin trust restricted unrestricted "
	ownersOnly   = "" // the rows are about somebody else's things
)

// wantPolicy says which of the actors may, by the rule that guards a route.
var wantPolicy = map[string]string{
	"everybody":                             "anonymous member reader service system" + adminsAnyhow,
	"any token":                             "member reader service system" + adminsAnyhow,
	"any token, not by delegation":          "member reader service system admin sysadmin domain",
	"admin":                                 adminsAnyhow,
	"admin, not by a trust":                 "admin sysadmin restricted unrestricted domain",
	"admin or system reader":                "system" + adminsAnyhow,
	"admin or service":                      "service" + adminsAnyhow,
	"admin or the user":                     adminsAnyhow,
	"admin, system reader or domain reader": "system" + adminsAnyhow,

	"admin, service, system reader or the user":                        "service system" + adminsAnyhow,
	"admin, system reader or the user":                                 "system" + adminsAnyhow,
	"admin, system reader, domain reader or the user":                  "system" + adminsAnyhow,
	"admin, system reader, domain reader or the project's own":         "system" + adminsAnyhow,
	"admin, system reader or a token of the domain":                    "system" + adminsAnyhow,
	"admin, system reader or domain reader of the group":               "system" + adminsAnyhow,
	"admin, system reader or domain reader of the grant":               "system" + adminsAnyhow,
	"admin, system reader or a token of the limit's project or domain": "system" + adminsAnyhow,

	"admin, not on a domain":                  cloudAdmins,
	"admin, not by a trust, not on a domain":  "admin sysadmin restricted unrestricted",
	"admin or system reader, not on a domain": "system" + cloudAdmins,

	"the user, unrestricted, not by a trust, not on a domain":                 ownersOnly,
	"admin, system reader or the user, not by a trust, not on a domain":       "system admin sysadmin restricted unrestricted",
	"admin or the user, unrestricted, not by a trust, not on a domain":        "admin sysadmin unrestricted",
	"system reader or the user, not by a trust, not on a domain":              "system sysadmin",
	"system admin or the user, unrestricted, not by a trust, not on a domain": "sysadmin",

	"admin, system reader or the user, not by delegation, not on a domain": "system admin sysadmin",
	"admin or the user as member, not by delegation, not on a domain":      "admin sysadmin",
	"admin, system reader or the credential's user, not by delegation":     "system admin sysadmin domain",
	"admin or the credential's user, not by delegation":                    "admin sysadmin domain",

	"any token, not by an application credential, not on a domain":                                         "member reader service system admin sysadmin trust",
	"admin or the trustor, by a trust those below, not by an application credential, not on a domain":      "admin sysadmin",
	"admin, system reader or the trust's two, not by an application credential, not on a domain":           "system admin sysadmin trust",
	"admin, system reader or who asks about own trusts, not by an application credential, not on a domain": "system admin sysadmin trust",
}

// TestPolicy asks on every route as everybody, about somebody else's things.
func TestPolicy(t *testing.T) {
	c := newCloud(t)
	other := c.someoneElse()
	tokens := map[string]string{"anonymous": ""}
	for actor, role := range map[string]string{"member": memberRole, "reader": readerRole} {
		c.addUser(actor, actor)
		c.grant(actor, identity.OnProject, adminProject, role)
		tokens[actor] = c.login(actor, onAdmin)
	}
	tokens["admin"] = c.login("admin", onAdmin)
	tokens["service"] = c.login("glance", onService)
	tokens["system"] = c.login("glance", onSystem)
	c.grant(adminUser, identity.OnSystem, "", adminRole)
	tokens["sysadmin"] = c.login("admin", onSystem)
	c.grant(adminUser, identity.OnDomain, "d2", adminRole)
	tokens["domain"] = c.login("admin", `{"domain": {"id": "d2"}}`)
	for kind, token := range c.delegations(tokens["admin"], tokens["service"]) {
		tokens[kind] = token
	}
	fill := strings.NewReplacer("{group}", "nothing", "{tag}", "nothing", "{implied}", "nothing", "{trust}", "nothing",
		"{limit}", "nothing", "{access}", "nothing", "{rule}", "nothing", "{user}", "nobody", "{project}", "nothing", "{domain}", "d2", "{target}", "nothing",
		"{role}", "nothing", "{service}", "nothing", "{endpoint}", "nothing", "{region}", "nothing", "{credential}", "nothing")
	asked := 0
	for _, r := range routes() {
		may, known := wantPolicy[r.rule.name]
		if !known {
			t.Errorf("%s %s has the rule %q, of which this test knows nothing", r.method, r.pattern, r.rule.name)
		}
		for _, actor := range policyActors {
			allowed := slices.Contains(strings.Fields(may), actor)
			headers := []string{"X-Subject-Token", other}
			if tokens[actor] != "" {
				headers = append(headers, "X-Auth-Token", tokens[actor])
			}
			if r.pattern == "/v3/auth/tokens" && r.method == "DELETE" && allowed {
				headers[1] = c.login("else", "")
			}
			res := c.do(r.method, fill.Replace(r.pattern), "", headers...)
			asked++
			want := "not 401 or 403"
			ok := res.status != 401 && (res.status != 403 || !strings.Contains(res.body, "not authorized to perform"))
			switch {
			case !allowed && actor == "anonymous":
				want, ok = "401", res.status == 401 && res.header.Get("WWW-Authenticate") == `Keystone uri="http://182.161.114.101/identity/v3"`
			case actor == "ec2":
				want = "403 for the token"
				ok = res.status == 403 && strings.Contains(res.body, "EC2 credential tokens cannot be used for authorization.")
			case !allowed:
				want = "403 for " + r.action
				ok = res.status == 403 && strings.Contains(res.body, "You are not authorized to perform the requested action: "+r.action+".")
			}
			if r.pattern == "/v3/users/{user}/password" {
				if actor != "ec2" {
					continue // a login of its own: its 401 is the password's
				}
			}
			if !ok {
				t.Errorf("%s %s as %s: %d %s; want %s", r.method, r.pattern, actor, res.status, res.body, want)
			}
		}
	}
	if asked < 1000 {
		t.Errorf("only %d questions", asked)
	}
}

// someoneElse gives a token of a user in another domain.
func (c *cloud) someoneElse() string {
	c.Helper()
	must[*identity.Domain](c.T)(c.svc.CreateDomain(identity.Domain{ID: "d2", Name: "d2", Enabled: true}))
	c.addUser("else", "else")
	return c.login("else", "")
}

func (c *cloud) addUser(id, name string) {
	c.Helper()
	must[*identity.User](c.T)(c.svc.CreateUser(c.Context(), identity.User{ID: id, Name: name, DomainID: "default", Enabled: true}, fixturePassword))
}

func (c *cloud) grant(user string, target identity.Target, id, role string) {
	c.Helper()
	if err := c.svc.AddGrant(identity.Grant{UserID: user, Target: target, TargetID: id, RoleID: role}); err != nil {
		c.Fatal(err)
	}
}

// TestOwnThings: what everybody may about themselves, and no more.
func TestOwnThings(t *testing.T) {
	c := newCloud(t)
	c.addUser("ann", "ann")
	c.addUser("bob", "bob")
	c.grant("ann", identity.OnProject, adminProject, memberRole)
	ann, bob := c.login("ann", onAdmin), c.login("bob", "")
	ask := func(method, path string, want int, headers ...string) {
		t.Helper()
		if res := c.do(method, path, "", append(headers, "X-Auth-Token", ann)...); res.status != want {
			t.Errorf("%s %s: %d %s, want %d", method, path, res.status, res.body, want)
		}
	}
	ask("GET", "/v3/users/ann", 200)
	ask("GET", "/v3/users/bob", 403)
	ask("GET", "/v3/users/ann/projects", 200)
	ask("GET", "/v3/users/bob/projects", 403)
	ask("PATCH", "/v3/users/ann", 403)
	ask("GET", "/v3/projects/"+adminProject, 200)
	ask("GET", "/v3/projects/"+serviceProject, 403)
	ask("GET", "/v3/domains/default", 200)
	ask("GET", "/v3/auth/tokens", 200, "X-Subject-Token", ann)
	ask("HEAD", "/v3/auth/tokens", 200, "X-Subject-Token", ann)
	ask("GET", "/v3/auth/tokens", 403, "X-Subject-Token", bob)
	ask("DELETE", "/v3/auth/tokens", 403, "X-Subject-Token", bob)
	ask("GET", "/v3/auth/tokens", 404, "X-Subject-Token", "garbage")
	ask("DELETE", "/v3/auth/tokens", 204, "X-Subject-Token", ann)
	ask("GET", "/v3/users/ann", 401)
}

// TestDomainReader sees the users and projects of the domain alone.
func TestDomainReader(t *testing.T) {
	c := newCloud(t)
	c.someoneElse()
	must[*identity.User](t)(c.svc.CreateUser(t.Context(), identity.User{ID: "in2", Name: "in2", DomainID: "d2", Enabled: true}, ""))
	must[*identity.Group](t)(c.svc.CreateGroup(identity.Group{ID: "g2", Name: "g2", DomainID: "d2"}))
	must[*identity.Role](t)(c.svc.CreateRole(identity.Role{ID: "own", Name: "own", DomainID: "default"}))
	c.grant("else", identity.OnDomain, "d2", readerRole)
	token := c.login("else", `{"domain": {"id": "d2"}}`)
	for path, want := range map[string]int{
		"/v3/users/in2": 200, "/v3/users/" + adminUser: 403, "/v3/domains/d2": 200, "/v3/domains/default": 403,
		"/v3/projects": 200, "/v3/roles": 403, "/v3/users?domain_id=default": 200,
		"/v3/domains/d2/users/in2/roles": 200, "/v3/domains/d2/users/" + adminUser + "/roles": 403,
		"/v3/groups/g2": 200, "/v3/groups/g2/users/in2": 404, "/v3/groups/g2/users/" + adminUser: 403,
		"/v3/domains/d2/groups/g2/roles": 200, "/v3/domains/d2/users/in2/roles/" + readerRole: 404, "/v3/domains/d2/users/in2/roles/own": 403,
		"/v3/system/users/in2/roles": 403, "/v3/services": 403, "/v3/endpoints": 403,
	} {
		if res := c.do("GET", path, "", "X-Auth-Token", token); res.status != want || strings.Contains(res.body, `"glance"`) {
			t.Errorf("%s: %d %s", path, res.status, res.body)
		}
	}
	if res := c.do("GET", "/v3/users", "", "X-Auth-Token", token); strings.Count(res.body, `"name"`) != 1 {
		t.Errorf("users: %s", res.body)
	}
}

// TestInvalidTokenIsRefusedEverywhere as Keystone's auth context does.
func TestInvalidTokenIsRefusedEverywhere(t *testing.T) {
	c := newCloud(t)
	for _, r := range routes() {
		res := c.do(r.method, strings.ReplaceAll(strings.ReplaceAll(r.pattern, "{", ""), "}", ""), "", "X-Auth-Token", "gAAAAbad")
		want := fmt.Sprintf("Keystone uri=%q", "http://182.161.114.101/identity")
		if res.status != 401 || res.header.Get("WWW-Authenticate") != want {
			t.Errorf("%s %s: %d %v", r.method, r.pattern, res.status, res.header)
		}
	}
}
