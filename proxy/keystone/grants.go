// SPDX-License-Identifier: Apache-2.0

package keystone

import (
	"needletail/auth/identity"
	"needletail/proxy/web"
)

// grantRoutes are the same four routes for each target of a role, for users and
// for groups, and for inherited grants.
func grantRoutes() []route {
	var out []route
	for _, g := range []struct {
		grant  identity.Grant
		prefix string
		suffix string
	}{
		{identity.Grant{Target: identity.OnProject}, "/v3/projects/{target}", ""},
		{identity.Grant{Target: identity.OnDomain}, "/v3/domains/{target}", ""},
		{identity.Grant{Target: identity.OnSystem}, "/v3/system", ""},
		{identity.Grant{Target: identity.OnProject, Inherited: true}, "/v3/OS-INHERIT/projects/{target}", "/inherited_to_projects"},
		{identity.Grant{Target: identity.OnDomain, Inherited: true}, "/v3/OS-INHERIT/domains/{target}", "/inherited_to_projects"},
	} {
		for _, actor := range []string{"user", "group"} {
			list := g.prefix + "/" + actor + "s/{" + actor + "}/roles"
			out = append(out, grantRoutesOf(g.grant, actor, list, g.suffix)...)
		}
	}
	return out
}

// grantRoutesOf returns the routes of one kind of grant. list and suffix are
// the path before and after the role.
func grantRoutesOf(g identity.Grant, actor, list, suffix string) []route {
	member := list + "/{role}" + suffix
	// The policy's names: create_grant, create_system_grant_for_user…
	name := func(verb, plural string) string {
		if g.Target == identity.OnSystem {
			return "identity:" + verb + "_system_grant" + plural + "_for_" + actor
		}
		return "identity:" + verb + "_grant" + plural
	}
	readers, makers, removers := grantReaders, adminInPerson, adminOnly
	if g.Target == identity.OnSystem {
		readers, makers, removers = cloudReaders, cloudAdminInPerson, cloudAdmin
	}
	routes := []route{
		{method: "GET", pattern: member, action: name("check", ""), rule: readers, handle: withGrant(g, checkGrant)},
		{method: "PUT", pattern: member, action: name("create", ""), rule: makers, handle: withGrant(g, addGrant)},
		{method: "DELETE", pattern: member, action: name("revoke", ""), rule: removers, handle: withGrant(g, removeGrant)},
	}
	if g.Inherited && g.Target == identity.OnProject {
		return routes // Keystone has no list of inherited grants on projects
	}
	return append(routes, route{method: "GET", pattern: list + suffix, action: name("list", "s"), rule: readers, handle: withGrant(g, listGrants)})
}

// withGrant hands f the grant of the path.
func withGrant(kind identity.Grant, f func(*call, identity.Grant) (*web.Response, error)) func(*call) (*web.Response, error) {
	return func(c *call) (*web.Response, error) {
		g := kind
		g.UserID, g.GroupID = c.params.Get("user"), c.params.Get("group")
		g.RoleID, g.TargetID = c.params.Get("role"), c.params.Get("target")
		return f(c, g)
	}
}

func listGrants(c *call, g identity.Grant) (*web.Response, error) {
	roles, err := c.svc.GrantedRoles(g)
	if err != nil {
		return nil, err
	}
	return c.collection("roles", render(roles, c.role))
}

func checkGrant(c *call, g identity.Grant) (*web.Response, error) {
	return dropped(c.svc.HasGrant(g))
}
func addGrant(c *call, g identity.Grant) (*web.Response, error) { return dropped(c.svc.AddGrant(g)) }
func removeGrant(c *call, g identity.Grant) (*web.Response, error) {
	return dropped(c.svc.RemoveGrant(g))
}
