// SPDX-License-Identifier: Apache-2.0

package keystone

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"needletail/auth/identity"
)

// trustToken logs in as a trustee.
func (c *cloud) trustToken(user, trust string, want int) string {
	c.Helper()
	res := c.do("POST", "/v3/auth/tokens", loginBody(user, fixturePassword, trustScope(trust)))
	if res.status != want {
		c.Fatalf("%s with the trust %s: %d %s, want %d", user, trust, res.status, res.body, want)
	}
	return res.header.Get("X-Subject-Token")
}

// delegate is the body of a trust of the admin's.
func delegate(trustee, more string) string {
	return fmt.Sprintf(`{"trust": {"trustor_user_id": %q, "trustee_user_id": %q, "project_id": %q, "impersonation": true%s}}`,
		adminUser, trustee, adminProject, more)
}

const asMember = `, "roles": [{"name": "member"}]`

func TestRedelegation(t *testing.T) {
	c := newCloud(t)
	admin := c.login("admin", onAdmin)
	c.grant(adminUser, identity.OnProject, serviceProject, memberRole) // which no trust is of
	users := []string{"u0", "u1", "u2", "u3", "u4"}
	for _, u := range users {
		c.addUser(u, u)
	}
	const trusts = "/OS-TRUST/trusts"
	create := func(token, body string) (reply, string) {
		t.Helper()
		res := c.as(token, "POST", trusts, body, 201)
		return res, c.field(res, "trust", "id")
	}
	c.as(admin, "POST", trusts, delegate("u0", asMember+`, "allow_redelegation": true, "redelegation_count": 4`), 403)
	c.as(admin, "POST", trusts, delegate("u0", asMember+`, "allow_redelegation": true, "redelegation_count": -1`), 400)
	c.as(admin, "POST", trusts, delegate("u0", asMember+`, "allow_redelegation": 7`), 400)
	c.as(admin, "POST", trusts, delegate("u0", asMember+`, "allow_redelegation": true, "remaining_uses": 2`), 400)
	res, _ := create(admin, delegate("u0", asMember+`, "allow_redelegation": true, "redelegation_count": 2`))
	c.wantBody(res, `"redelegation_count": 2`, `"redelegated_trust_id": null`)
	res, _ = create(admin, delegate("u0", asMember+`, "redelegation_count": 2`))
	c.wantBody(res, `"redelegation_count": 0`) // not allowed to begin with

	// A chain of four: the first and three more.
	end := time.Now().Add(time.Hour).UTC().Format(tokenTime)
	const again = `, "allow_redelegation": true`
	_, id := create(admin, delegate("u0", `, "roles": [{"name": "member"}, {"name": "reader"}], "expires_at": "`+end+`"`+again))
	ids := []string{id}
	for i := range 3 {
		token := c.trustToken(users[i], id, 201)
		if i == 0 {
			for body, want := range map[string]string{
				delegate("u1", asMember+`, "remaining_uses": 1`):                                                               "uses",
				delegate("u1", asMember+`, "expires_at": "2999-01-01T00:00:00.000000Z"`):                                       "expiry",
				delegate("u1", `, "roles": [{"name": "admin"}]`):                                                               "roles",
				delegate("u1", asMember+again+`, "redelegation_count": 1`):                                                     "depth",
				strings.Replace(delegate("u1", asMember), `"project_id": "`+adminProject, `"project_id": "`+serviceProject, 1): "project",
			} {
				res := c.do("POST", "/v3"+trusts, body, "X-Auth-Token", token)
				if res.status != 403 || !strings.Contains(res.body, `"You are not authorized to perform the requested action."`) {
					t.Errorf("%s: %d %s", want, res.status, res.body)
				}
			}
		}
		res, next := create(token, delegate(users[i+1], asMember+again))
		c.wantBody(res, fmt.Sprintf(`"redelegation_count": %d`, 2-i), `"redelegated_trust_id": "`+id+`"`, `"expires_at": "`+end[:19])
		ids, id = append(ids, next), next
	}
	last := c.trustToken("u3", id, 201)
	c.as(last, "POST", trusts, delegate("u4", asMember), 403) // the depth is used up
	c.as(last, "GET", "/auth/projects", "", 200)

	// Whoever in the chain is disabled takes those below along, for good.
	if _, err := c.svc.UpdateUser(t.Context(), "u1", func(u *identity.User) { u.Enabled = false }, nil); err != nil {
		t.Fatal(err)
	}
	c.as(last, "GET", "/auth/projects", "", 401)
	if _, err := c.svc.UpdateUser(t.Context(), "u1", func(u *identity.User) { u.Enabled = true }, nil); err != nil {
		t.Fatal(err)
	}
	c.as(last, "GET", "/auth/projects", "", 401) // from before
	last = c.trustToken("u3", id, 201)
	c.as(last, "GET", "/auth/projects", "", 200)

	// A token of a trust deletes what is below it, not above.
	second := c.trustToken("u1", ids[1], 201)
	c.as(second, "DELETE", trusts+"/"+ids[0], "", 403)
	c.as(second, "DELETE", trusts+"/"+ids[2], "", 204)
	c.as(last, "GET", "/auth/projects", "", 401) // a child of the deleted one
	c.as(admin, "GET", trusts+"/"+ids[3], "", 404)
	c.as(second, "GET", "/auth/projects", "", 200)
	c.as(second, "DELETE", trusts+"/"+ids[1], "", 204) // as glance_store does with its own
	c.as(second, "GET", "/auth/projects", "", 401)
}

func TestRedelegationWithoutImpersonation(t *testing.T) {
	c := newCloud(t)
	for _, u := range []string{"mid", "end"} {
		c.addUser(u, u)
		c.grant(u, identity.OnProject, adminProject, memberRole)
	}
	body := strings.Replace(delegate("mid", asMember+`, "allow_redelegation": true`), "true", "false", 1)
	id := c.field(c.as(c.login("admin", onAdmin), "POST", "/OS-TRUST/trusts", body, 201), "trust", "id")
	mid := c.trustToken("mid", id, 201)
	next := strings.Replace(delegate("end", asMember), adminUser, "mid", 1)
	c.as(mid, "POST", "/OS-TRUST/trusts", next, 403) // impersonation was not given
	made := c.as(mid, "POST", "/OS-TRUST/trusts", strings.Replace(next, "true", "false", 1), 201)
	token := c.trustToken("end", c.field(made, "trust", "id"), 201)
	// The roles are those of the trustor at the top.
	if err := c.svc.RemoveGrant(identity.Grant{UserID: adminUser, Target: identity.OnProject, TargetID: adminProject, RoleID: adminRole}); err != nil {
		t.Fatal(err)
	}
	c.as(token, "GET", "/auth/projects", "", 401)
}
