package keystone

import (
	"needletail/auth/identity"
	"needletail/proxy/swift"
)

// grantRoutes are the same four for each target of a role.
func grantRoutes() []route {
	var out []route
	for _, g := range []struct {
		target identity.Target
		prefix string
		infix  string // in the policy's names
	}{
		{identity.OnProject, "/v3/projects/{target}", ""},
		{identity.OnDomain, "/v3/domains/{target}", ""},
		{identity.OnSystem, "/v3/system", "system_"},
	} {
		list := g.prefix + "/users/{user}/roles"
		member := list + "/{role}"
		noun := "grant"
		if g.target == identity.OnSystem {
			noun = "grant_for_user"
		}
		out = append(out,
			route{method: "GET", pattern: list, action: "identity:list_" + g.infix + noun + "s",
				rule: systemReader, handle: onTarget(g.target, listGrants)},
			route{method: "GET", pattern: member, action: "identity:check_" + g.infix + noun,
				rule: systemReader, handle: onTarget(g.target, checkGrant)},
			route{method: "PUT", pattern: member, action: "identity:create_" + g.infix + noun,
				rule: adminOnly, handle: onTarget(g.target, addGrant)},
			route{method: "DELETE", pattern: member, action: "identity:revoke_" + g.infix + noun,
				rule: adminOnly, handle: onTarget(g.target, removeGrant)},
		)
	}
	return out
}

func onTarget(target identity.Target, f func(*call, identity.Grant) (*swift.Response, error)) func(*call) (*swift.Response, error) {
	return func(c *call) (*swift.Response, error) {
		return f(c, identity.Grant{
			UserID: c.params["user"], RoleID: c.params["role"], Target: target, TargetID: c.params["target"],
		})
	}
}

func listGrants(c *call, g identity.Grant) (*swift.Response, error) {
	roles, err := c.svc.GrantedRoles(g.UserID, g.Target, g.TargetID)
	if err != nil {
		return nil, err
	}
	return c.collection("roles", render(roles, c.role)), nil
}

func checkGrant(c *call, g identity.Grant) (*swift.Response, error) {
	return dropped(c.svc.HasGrant(g))
}
func addGrant(c *call, g identity.Grant) (*swift.Response, error) { return dropped(c.svc.AddGrant(g)) }
func removeGrant(c *call, g identity.Grant) (*swift.Response, error) {
	return dropped(c.svc.RemoveGrant(g))
}
