// SPDX-License-Identifier: Apache-2.0

package keystone

import (
	"needletail/auth/identity"
	"needletail/proxy/pyjson"
	"needletail/proxy/web"
)

func groupRoutes() []route {
	const one = "/v3/groups/{group}"
	return []route{
		{method: "GET", pattern: "/v3/groups", action: "identity:list_groups", rule: domainListers, handle: listGroups},
		{method: "POST", pattern: "/v3/groups", action: "identity:create_group", rule: adminOnly, handle: createGroup},
		{method: "GET", pattern: one, action: "identity:get_group", rule: groupReaders, handle: showGroup},
		{method: "PATCH", pattern: one, action: "identity:update_group", rule: adminOnly, handle: updateGroup},
		{method: "DELETE", pattern: one, action: "identity:delete_group", rule: adminOnly, handle: deleteGroup},
		{method: "GET", pattern: one + "/users", action: "identity:list_users_in_group", rule: groupReaders, handle: listMembers},
		{method: "GET", pattern: one + "/users/{user}", action: "identity:check_user_in_group", rule: groupReaders, handle: onMember((*identity.Service).HasMember)},
		{method: "PUT", pattern: one + "/users/{user}", action: "identity:add_user_to_group", rule: adminInPerson, handle: onMember((*identity.Service).AddMember)},
		{method: "DELETE", pattern: one + "/users/{user}", action: "identity:remove_user_from_group", rule: adminOnly, handle: onMember((*identity.Service).RemoveMember)},
	}
}

func (c *call) group(g *identity.Group) pyjson.Object {
	return withExtras(pyjson.Object{
		{Key: "id", Value: g.ID}, {Key: "name", Value: g.Name}, {Key: "domain_id", Value: g.DomainID},
		{Key: "description", Value: g.Description}, c.links("groups", g.ID),
	}, g.Extra)
}

func listGroups(c *call) (*web.Response, error) {
	limit := c.domainLimit()
	groups := c.svc.Groups(func(g *identity.Group) bool { return limit == "" || g.DomainID == limit })
	return c.collection("groups", render(groups, c.group), "name", "domain_id")
}

func showGroup(c *call) (*web.Response, error) {
	g, err := c.svc.Group(c.params.Get("group"))
	if err != nil {
		return nil, err
	}
	return one(200, "group", c.group(g)), nil
}

// readGroup applies the body of a group to g. The domain of a group stays.
func readGroup(in object, g *identity.Group) error {
	domain := g.DomainID
	err := in.fields(map[string]*string{"name": &g.Name, "description": &g.Description, "domain_id": &domain})
	if err != nil {
		return err
	}
	if g.DomainID != "" && domain != g.DomainID {
		return badRequest("Cannot change Domain ID")
	}
	g.DomainID = domain
	g.Extra, err = in.extras(g.Extra, "id", "name", "description", "domain_id", "links")
	return err
}

func createGroup(c *call) (*web.Response, error) {
	in, err := c.inside("group")
	if err != nil {
		return nil, err
	}
	var g identity.Group
	if err := readGroup(in, &g); err != nil {
		return nil, err
	}
	if g.DomainID == "" {
		g.DomainID = c.ownDomain()
	}
	made, err := c.svc.CreateGroup(g)
	if err != nil {
		return nil, err
	}
	return one(201, "group", c.group(made)), nil
}

func updateGroup(c *call) (*web.Response, error) {
	return patch[identity.Group]{
		key: "group", id: c.params.Get("group"), find: c.svc.Group, read: readGroup, update: c.svc.UpdateGroup, show: c.group,
	}.serve(c)
}

func deleteGroup(c *call) (*web.Response, error) {
	return dropped(c.svc.DeleteGroup(c.params.Get("group")))
}

func listMembers(c *call) (*web.Response, error) {
	users, err := c.svc.Members(c.params.Get("group"))
	if err != nil {
		return nil, err
	}
	return c.collection("users", render(users, c.user), "name", "domain_id", "enabled")
}

// onMember answers on a membership of the path with f.
func onMember(f func(*identity.Service, identity.Membership) error) func(*call) (*web.Response, error) {
	return func(c *call) (*web.Response, error) {
		return dropped(f(c.svc, identity.Membership{GroupID: c.params.Get("group"), UserID: c.params.Get("user")}))
	}
}

func listUserGroups(c *call) (*web.Response, error) {
	groups, err := c.svc.GroupsOf(c.params.Get("user"))
	if err != nil {
		return nil, err
	}
	return c.collection("groups", render(groups, c.groupOfUser), "name")
}

// groupOfUser shows a group in the list of a user's groups. Only memberships of
// federation expire.
func (c *call) groupOfUser(g *identity.Group) pyjson.Object {
	return append(c.group(g), pyjson.Member{Key: "membership_expires_at", Value: nil})
}
