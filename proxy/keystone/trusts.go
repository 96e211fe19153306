// SPDX-License-Identifier: Apache-2.0

package keystone

import (
	"time"

	"needletail/auth/identity"
	"needletail/proxy/pyjson"
	"needletail/proxy/web"
)

func trustRoutes() []route {
	const list = "/v3/OS-TRUST/trusts"
	const member = list + "/{trust}"
	return []route{
		{method: "GET", pattern: list, action: "identity:list_trusts", rule: trustListers, handle: listTrusts},
		{method: "POST", pattern: list, action: "identity:create_trust", rule: trustMakers, handle: createTrust},
		{method: "GET", pattern: member, action: "identity:get_trust", rule: trustReaders, handle: showTrust},
		{method: "DELETE", pattern: member, action: "identity:delete_trust", rule: trustDeleters, handle: deleteTrust},
		{method: "GET", pattern: member + "/roles", action: "identity:list_roles_for_trust", rule: trustReaders, handle: listTrustRoles},
		{method: "GET", pattern: member + "/roles/{role}", action: "identity:get_role_for_trust", rule: trustReaders, handle: showTrustRole},
	}
}

// Tokens of application credentials have no part in trusts, unrestricted
// credentials included (keystone/api/trusts.py). A token of a trust may pass
// the trust on.
var trustMakers = notOnDomain(notByAppCred(anyToken))

var trustListers = notOnDomain(notByAppCred(anyOf("admin, system reader or who asks about own trusts", (*call).isSystemReader, func(c *call) bool {
	own := c.caller.User.ID
	q := c.Query()
	return q.Get("trustor_user_id") == own || q.Get("trustor_user_id") == "" && q.Get("trustee_user_id") == own
})))

var trustReaders = notOnDomain(notByAppCred(anyOf("admin, system reader or the trust's two", (*call).isSystemReader, func(c *call) bool {
	r, err := c.svc.Trust(c.params.Get("trust"))
	return err == nil && (r.TrustorID == c.caller.User.ID || r.TrusteeID == c.caller.User.ID)
})))

// trustDeleters lets the token of a trust delete only the trust itself and the
// trusts below.
var trustDeleters = notOnDomain(notByAppCred(oneOf("admin or the trustor, by a trust those below", func(c *call) bool {
	id := c.params.Get("trust")
	if own := c.caller.Trust; own != nil && !c.svc.TrustDescends(id, own.ID) {
		return false
	}
	r, err := c.svc.Trust(id)
	return c.isAdmin() || err == nil && r.TrustorID == c.caller.User.ID
})))

func (c *call) trust(r *identity.Trust) pyjson.Object {
	var expires, uses any
	if r.ExpiresAt != nil {
		expires = r.ExpiresAt.UTC().Format(tokenTime)
	}
	if r.RemainingUses != nil {
		uses = *r.RemainingUses
	}
	return pyjson.Object{
		{Key: "id", Value: r.ID}, {Key: "trustor_user_id", Value: r.TrustorID}, {Key: "trustee_user_id", Value: r.TrusteeID},
		{Key: "project_id", Value: orNull(r.ProjectID)}, {Key: "impersonation", Value: r.Impersonation},
		{Key: "expires_at", Value: expires}, {Key: "deleted_at", Value: nil}, {Key: "remaining_uses", Value: uses},
		{Key: "redelegation_count", Value: r.Redelegations}, {Key: "redelegated_trust_id", Value: orNull(r.RedelegatedFrom)},
		c.links("OS-TRUST/trusts", r.ID),
	}
}

// trustWithRoles shows a single trust. Lists of trusts show no roles.
func (c *call) trustWithRoles(r *identity.Trust) pyjson.Object {
	return append(c.trust(r), pyjson.Member{Key: "roles", Value: render(c.trustRoles(r), c.role)},
		pyjson.Member{Key: "roles_links", Value: pyjson.Object{
			{Key: "self", Value: c.base + "/v3/OS-TRUST/trusts/" + r.ID + "/roles"},
			{Key: "next", Value: nil}, {Key: "previous", Value: nil},
		}})
}

// trustRoles returns the roles of a trust that still exist.
func (c *call) trustRoles(r *identity.Trust) (roles []*identity.Role) {
	for _, id := range r.RoleIDs {
		if role, err := c.svc.Role(id); err == nil {
			roles = append(roles, role)
		}
	}
	return roles
}

func listTrusts(c *call) (*web.Response, error) {
	rows := c.svc.Trusts(nil)
	return c.collection("trusts", render(rows, c.trust), "trustor_user_id", "trustee_user_id")
}

func showTrust(c *call) (*web.Response, error) {
	r, err := c.svc.Trust(c.params.Get("trust"))
	if err != nil {
		return nil, err
	}
	return one(200, "trust", c.trustWithRoles(r)), nil
}

func createTrust(c *call) (*web.Response, error) {
	in, err := c.inside("trust")
	if err != nil {
		return nil, err
	}
	r, err := c.readTrust(in)
	if err != nil {
		return nil, err
	}
	if r.TrustorID != c.caller.User.ID {
		return nil, forbidden("You are not authorized to perform the requested action: The authenticated user should match the trustor.")
	}
	d, err := c.readRedelegation(in)
	if err != nil {
		return nil, err
	}
	made, err := c.svc.CreateTrust(r, d)
	if err != nil {
		return nil, err
	}
	return one(201, "trust", c.trustWithRoles(made)), nil
}

// readTrust reads the body of a new trust. The end and the number of uses are
// optional.
func (c *call) readTrust(in object) (r identity.Trust, err error) {
	var expires string
	if err := in.fields(map[string]*string{"trustor_user_id": &r.TrustorID, "trustee_user_id": &r.TrusteeID,
		"project_id": &r.ProjectID, "expires_at": &expires}); err != nil {
		return r, err
	}
	for _, key := range []string{"trustee_user_id", "trustor_user_id", "impersonation"} {
		if _, ok := in[key]; !ok {
			return r, badRequest("'" + key + "' is a required property")
		}
	}
	if r.Impersonation, err = in.flag("impersonation", false); err != nil {
		return r, err
	}
	if expires != "" {
		if r.ExpiresAt, err = parseTime(expires); err != nil {
			return r, err
		}
		if !r.ExpiresAt.After(time.Now()) {
			return r, badRequest("The 'expires_at' must not be before now. The server could not comply with the request since it is either malformed or otherwise incorrect. The client is assumed to be in error.")
		}
	}
	if v := in["remaining_uses"]; v != nil {
		n, err := wholeNumber("remaining_uses", v)
		if err != nil || n < 1 {
			return r, notType("remaining_uses", v, "integer")
		}
		r.RemainingUses = &n
	}
	r.RoleIDs, err = c.readRoleRefs(in)
	return r, err
}

// readRedelegation reads how the new trust may be passed on. A trust made with
// the token of a trust comes from the token's trust.
func (c *call) readRedelegation(in object) (d identity.Redelegation, err error) {
	if in["allow_redelegation"] != nil {
		if d.Allow, err = in.flag("allow_redelegation", false); err != nil {
			return d, err
		}
	}
	if v := in["redelegation_count"]; v != nil {
		n, err := wholeNumber("redelegation_count", v)
		if err != nil || n < 0 {
			return d, notType("redelegation_count", v, "integer")
		}
		d.Count = &n
	}
	if c.caller.Trust != nil {
		d.From = c.caller.Trust.ID
	}
	return d, nil
}

// readRoleRefs reads "roles". Each role is an id, or the name of a global role.
func (c *call) readRoleRefs(in object) ([]string, error) {
	list, ok := in["roles"].([]any)
	if !ok && in["roles"] != nil {
		return nil, notType("roles", in["roles"], "array")
	}
	var out []string
	for _, v := range list {
		ref, _ := v.(map[string]any)
		id, err := object(ref).text("id")
		if err != nil {
			return nil, err
		}
		name, err := object(ref).text("name")
		if err != nil {
			return nil, err
		}
		if id == "" {
			found := c.svc.Roles(func(r *identity.Role) bool { return r.Name == name && r.DomainID == "" })
			if len(found) == 0 {
				return nil, newError(404, "Could not find role: "+name+".")
			}
			id = found[0].ID
		}
		out = append(out, id)
	}
	return out, nil
}

func deleteTrust(c *call) (*web.Response, error) {
	return dropped(c.svc.DeleteTrust(c.params.Get("trust")))
}

func listTrustRoles(c *call) (*web.Response, error) {
	r, err := c.svc.Trust(c.params.Get("trust"))
	if err != nil {
		return nil, err
	}
	return c.collection("roles", render(c.trustRoles(r), c.role))
}

func showTrustRole(c *call) (*web.Response, error) {
	r, err := c.svc.Trust(c.params.Get("trust"))
	if err != nil {
		return nil, err
	}
	for _, role := range c.trustRoles(r) {
		if role.ID == c.params.Get("role") {
			return one(200, "role", c.role(role)), nil
		}
	}
	return nil, newError(404, "Could not find role: "+c.params.Get("role")+".")
}
