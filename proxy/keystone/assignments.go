package keystone

import (
	"needletail/auth/identity"
	"needletail/proxy/pyjson"
	"needletail/proxy/swift"
)

var assignmentRoutes = []route{
	{method: "GET", pattern: "/v3/role_assignments", action: "identity:list_role_assignments", rule: systemReader, handle: listAssignments},
}

// listAssignments lists grants; with "effective" also those that roles imply.
func listAssignments(c *call) (*swift.Response, error) {
	q := c.Query()
	scopes := 0
	for _, key := range []string{"scope.project.id", "scope.domain.id", "scope.system"} {
		if q.Has(key) {
			scopes++
		}
	}
	if scopes > 1 || q.Has("user.id") && q.Has("group.id") {
		return nil, badRequest("Specify at most one of user and group, and one of domain, project and system.")
	}
	rows := []pyjson.Object{}
	grants := c.svc.Grants(func(g *identity.Grant) bool {
		return !q.Has("group.id") && !q.Has("scope.OS-INHERIT:inherited_to") &&
			wants(q["user.id"], g.UserID) &&
			wantsTarget(q["scope.project.id"], g, identity.OnProject) &&
			wantsTarget(q["scope.domain.id"], g, identity.OnDomain) &&
			(!q.Has("scope.system") || g.Target == identity.OnSystem)
	})

	seen := map[identity.Grant]bool{}
	for _, g := range grants {
		roles := []string{g.RoleID}
		if c.flag("effective") {
			roles = nil
			for _, r := range c.svc.ImpliedBy(g.RoleID) {
				roles = append(roles, r.ID)
			}
		}
		for _, role := range roles {
			e := *g
			e.RoleID = role
			if wants(q["role.id"], role) && !seen[e] {
				seen[e] = true
				rows = append(rows, c.assignment(&e, g.RoleID))
			}
		}
	}
	return c.collection("role_assignments", rows), nil
}

func wants(query []string, value string) bool { return len(query) == 0 || query[0] == value }

func wantsTarget(query []string, g *identity.Grant, target identity.Target) bool {
	return len(query) == 0 || g.Target == target && g.TargetID == query[0]
}

// assignment shows a grant; prior is the role that was granted.
func (c *call) assignment(g *identity.Grant, prior string) pyjson.Object {
	names := c.flag("include_names")
	role := pyjson.Object{{Key: "id", Value: g.RoleID}}
	user := pyjson.Object{{Key: "id", Value: g.UserID}}
	if names {
		if r, err := c.svc.Role(g.RoleID); err == nil {
			role = idName(r.ID, r.Name)
		}
		if u, err := c.svc.User(g.UserID); err == nil {
			user = c.named(u.ID, u.Name, u.DomainID)
		}
	}
	path := "/v3/" + string(g.Target) + "s/" + g.TargetID
	var scope pyjson.Object
	switch g.Target {
	case identity.OnSystem:
		path = "/v3/system"
		scope = pyjson.Object{{Key: "system", Value: pyjson.Object{{Key: "all", Value: true}}}}
	case identity.OnProject:
		target := pyjson.Object{{Key: "id", Value: g.TargetID}}
		if p, err := c.svc.Project(g.TargetID); names && err == nil {
			target = c.named(p.ID, p.Name, p.DomainID)
		}
		scope = pyjson.Object{{Key: "project", Value: target}}
	case identity.OnDomain:
		target := pyjson.Object{{Key: "id", Value: g.TargetID}}
		if d, err := c.svc.Domain(g.TargetID); names && err == nil {
			target = idName(d.ID, d.Name)
		}
		scope = pyjson.Object{{Key: "domain", Value: target}}
	}
	links := pyjson.Object{{Key: "assignment", Value: c.base + path + "/users/" + g.UserID + "/roles/" + prior}}
	if prior != g.RoleID {
		links = append(links, pyjson.Member{Key: "prior_role", Value: c.base + "/v3/prior_role/" + prior + "/implies/" + g.RoleID})
	}
	return pyjson.Object{
		{Key: "role", Value: role}, {Key: "user", Value: user}, {Key: "scope", Value: scope},
		{Key: "links", Value: links},
	}
}

// named is a user or project with its domain.
func (c *call) named(id, name, domainID string) pyjson.Object {
	o := idName(id, name)
	if d, err := c.svc.Domain(domainID); err == nil {
		o = append(o, pyjson.Member{Key: "domain", Value: idName(d.ID, d.Name)})
	}
	return o
}
