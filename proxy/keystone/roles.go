// SPDX-License-Identifier: Apache-2.0

package keystone

import (
	"needletail/auth/identity"
	"needletail/proxy/pyjson"
	"needletail/proxy/web"
)

func roleRoutes() []route {
	return []route{
		{method: "GET", pattern: "/v3/roles", action: "identity:list_roles", rule: systemReader, handle: listRoles},
		{method: "POST", pattern: "/v3/roles", action: "identity:create_role", rule: cloudAdmin, handle: createRole},
		{method: "GET", pattern: "/v3/roles/{role}", action: "identity:get_role", rule: systemReader, handle: showRole},
		{method: "PATCH", pattern: "/v3/roles/{role}", action: "identity:update_role", rule: cloudAdmin, handle: updateRole},
		{method: "DELETE", pattern: "/v3/roles/{role}", action: "identity:delete_role", rule: cloudAdmin, handle: deleteRole},
	}
}

func (c *call) role(r *identity.Role) pyjson.Object {
	return pyjson.Object{
		{Key: "id", Value: r.ID}, {Key: "name", Value: r.Name}, {Key: "domain_id", Value: orNull(r.DomainID)},
		{Key: "description", Value: r.Description}, {Key: "options", Value: immutableOption(r.Immutable)}, c.links("roles", r.ID),
	}
}

// listRoles shows the roles of the query's domain, or the global roles.
func listRoles(c *call) (*web.Response, error) {
	domain := c.Query().Get("domain_id")
	roles := c.svc.Roles(func(r *identity.Role) bool { return r.DomainID == domain })
	return c.collection("roles", render(roles, c.role), "name")
}

func showRole(c *call) (*web.Response, error) {
	r, err := c.svc.Role(c.params.Get("role"))
	if err != nil {
		return nil, err
	}
	return one(200, "role", c.role(r)), nil
}

// readRole applies the body of a role to r. null removes the description.
func readRole(in object, r *identity.Role) error {
	err := in.fields(map[string]*string{"name": &r.Name})
	if err != nil {
		return err
	}
	if v, ok := in["description"]; ok {
		text, err := in.text("description")
		if err != nil {
			return err
		}
		r.Description = &text
		if v == nil {
			r.Description = nil
		}
	}
	r.Immutable, err = in.immutable(r.Immutable)
	return err
}

func createRole(c *call) (*web.Response, error) {
	in, err := c.inside("role")
	if err != nil {
		return nil, err
	}
	var r identity.Role
	if err := readRole(in, &r); err != nil {
		return nil, err
	}
	if err := in.fields(map[string]*string{"domain_id": &r.DomainID}); err != nil {
		return nil, err
	}
	made, err := c.svc.CreateRole(r)
	if err != nil {
		return nil, err
	}
	return one(201, "role", c.role(made)), nil
}

func updateRole(c *call) (*web.Response, error) {
	return patch[identity.Role]{
		key: "role", id: c.params.Get("role"), find: c.svc.Role, read: readRole, update: c.svc.UpdateRole, show: c.role,
	}.serve(c)
}

func deleteRole(c *call) (*web.Response, error) {
	return dropped(c.svc.DeleteRole(c.params.Get("role")))
}
