// SPDX-License-Identifier: Apache-2.0

package keystone

import (
	"needletail/auth/identity"
	"needletail/proxy/pyjson"
	"needletail/proxy/web"
)

var assignmentRoutes = []route{
	{method: "GET", pattern: "/v3/role_assignments", action: "identity:list_role_assignments", rule: domainListers, handle: listAssignments},
}

// The filters of the query.
const (
	filterUser      = "user.id"
	filterGroup     = "group.id"
	filterRole      = "role.id"
	filterProject   = "scope.project.id"
	filterDomain    = "scope.domain.id"
	filterSystem    = "scope.system"
	filterInherited = "scope.OS-INHERIT:inherited_to"
)

// checkAssignmentQuery refuses filters that contradict each other
// (keystone/api/role_assignments.py).
func (c *call) checkAssignmentQuery() error {
	has := func(key string) bool { return c.Query().Get(key) != "" }
	switch effective := c.flag("effective"); {
	case has(filterDomain) && has(filterProject):
		return badRequest("Specify a domain or project, not both")
	case has(filterDomain) && has(filterSystem):
		return badRequest("Specify system or domain, not both")
	case has(filterProject) && has(filterSystem):
		return badRequest("Specify system or project, not both")
	case has(filterUser) && has(filterGroup):
		return badRequest("Specify a user or group, not both")
	case effective && has(filterGroup):
		return badRequest("Combining effective and group filter will always result in an empty list.")
	case effective && has(filterInherited) && has(filterDomain):
		return badRequest("Combining effective, domain and inherited filters will always result in an empty list.")
	case c.flag("include_subtree") && !has(filterProject):
		return badRequest("scope.project.id must be specified if include_subtree is also specified")
	}
	return nil
}

// listAssignments lists grants or, with "effective", the roles that follow from
// grants.
func listAssignments(c *call) (*web.Response, error) {
	if err := c.checkAssignmentQuery(); err != nil {
		return nil, err
	}
	all := c.svc.Assignments()
	if c.flag("effective") {
		all = c.svc.EffectiveAssignments()
	}
	projects := map[string]bool{c.Query().Get(filterProject): true}
	if c.flag("include_subtree") {
		for _, p := range c.svc.Subtree(c.Query().Get(filterProject)) {
			projects[p.ID] = true
		}
	}
	limit := c.domainLimit()
	rows := []pyjson.Object{}
	for _, a := range all {
		if c.wantsAssignment(&a, projects) && (limit == "" || c.domainOf(&a) == limit) {
			rows = append(rows, c.assignment(&a))
		}
	}
	return c.collection("role_assignments", rows)
}

// domainOf returns the domain of an assignment's target.
func (c *call) domainOf(a *identity.Assignment) string {
	if a.Target == identity.OnDomain {
		return a.TargetID
	}
	if p, err := c.svc.Project(a.TargetID); err == nil {
		return p.DomainID
	}
	return ""
}

// wantsAssignment says whether an assignment passes the filters. projects are
// the project of the query and, with include_subtree, the projects below.
func (c *call) wantsAssignment(a *identity.Assignment, projects map[string]bool) bool {
	q := c.Query()
	equal := func(key, value string) bool { return q.Get(key) == "" || q.Get(key) == value }
	onTarget := func(key string, target identity.Target) bool { return q.Get(key) == "" || a.Target == target }
	return equal(filterUser, a.UserID) && equal(filterGroup, a.GroupID) && equal(filterRole, a.RoleID) &&
		onTarget(filterProject, identity.OnProject) && (q.Get(filterProject) == "" || projects[a.TargetID]) &&
		onTarget(filterDomain, identity.OnDomain) && equal(filterDomain, a.TargetID) &&
		onTarget(filterSystem, identity.OnSystem) &&
		(!q.Has(filterInherited) || a.Inherited == (q.Get(filterInherited) == "projects"))
}

// assignment shows an assignment in Keystone's form. The links lead to the
// grant behind the assignment.
func (c *call) assignment(a *identity.Assignment) pyjson.Object {
	names := c.flag("include_names")
	role := pyjson.Object{{Key: "id", Value: a.RoleID}}
	if r, err := c.svc.Role(a.RoleID); names && err == nil {
		role = idName(r.ID, r.Name)
		if r.DomainID != "" {
			role = c.named(r.ID, r.Name, r.DomainID)
		}
	}
	return pyjson.Object{
		{Key: "role", Value: role}, c.actor(a, names),
		{Key: "scope", Value: c.assignmentScope(a, names)}, {Key: "links", Value: c.assignmentLinks(a)},
	}
}

// actor shows the user or the group of an assignment.
func (c *call) actor(a *identity.Assignment, names bool) pyjson.Member {
	if a.GroupID != "" {
		if g, err := c.svc.Group(a.GroupID); names && err == nil {
			return pyjson.Member{Key: "group", Value: c.named(g.ID, g.Name, g.DomainID)}
		}
		return pyjson.Member{Key: "group", Value: pyjson.Object{{Key: "id", Value: a.GroupID}}}
	}
	if u, err := c.svc.User(a.UserID); names && err == nil {
		return pyjson.Member{Key: "user", Value: c.named(u.ID, u.Name, u.DomainID)}
	}
	return pyjson.Member{Key: "user", Value: pyjson.Object{{Key: "id", Value: a.UserID}}}
}

// assignmentScope shows the target of an assignment.
func (c *call) assignmentScope(a *identity.Assignment, names bool) pyjson.Object {
	var target any
	switch a.Target {
	case identity.OnSystem:
		return pyjson.Object{{Key: "system", Value: pyjson.Object{{Key: "all", Value: true}}}}
	case identity.OnProject:
		target = pyjson.Object{{Key: "id", Value: a.TargetID}}
		if p, err := c.svc.Project(a.TargetID); names && err == nil {
			target = c.named(p.ID, p.Name, p.DomainID)
		}
	case identity.OnDomain:
		target = pyjson.Object{{Key: "id", Value: a.TargetID}}
		if d, err := c.svc.Domain(a.TargetID); names && err == nil {
			target = idName(d.ID, d.Name)
		}
	}
	scope := pyjson.Object{{Key: string(a.Target), Value: target}}
	if a.Inherited {
		scope = append(scope, pyjson.Member{Key: "OS-INHERIT:inherited_to", Value: "projects"})
	}
	return scope
}

// assignmentLinks returns the links to the grant, and to the membership and the
// implied role through which the grant has an effect.
func (c *call) assignmentLinks(a *identity.Assignment) pyjson.Object {
	given := a.Grant
	if a.From != nil {
		given.Target, given.TargetID = a.From.Target, a.From.TargetID
	}
	path := "/" + string(given.Target) + "s/" + given.TargetID
	if given.Target == identity.OnSystem {
		path = "/system"
	}
	links := pyjson.Object{}
	switch {
	case a.Group != "":
		path += "/groups/" + a.Group
		links = append(links, pyjson.Member{Key: "membership", Value: c.base + "/v3/groups/" + a.Group + "/users/" + a.UserID})
	case a.GroupID != "":
		path += "/groups/" + a.GroupID
	default:
		path += "/users/" + a.UserID
	}
	role := a.RoleID
	if a.Prior != "" {
		role = a.Prior
	}
	path += "/roles/" + role
	if a.Inherited {
		path = "/OS-INHERIT" + path + "/inherited_to_projects"
	}
	links = append(links, pyjson.Member{Key: "assignment", Value: c.base + "/v3" + path})
	if a.Prior != "" {
		links = append(links, pyjson.Member{Key: "prior_role", Value: c.base + "/v3/prior_role/" + a.RoleID + "/implies/" + a.Prior})
	}
	return links
}

// named shows a user, group, project or role with the domain.
func (c *call) named(id, name, domainID string) pyjson.Object {
	o := idName(id, name)
	if d, err := c.svc.Domain(domainID); err == nil {
		o = append(o, pyjson.Member{Key: "domain", Value: idName(d.ID, d.Name)})
	}
	return o
}
