// SPDX-License-Identifier: Apache-2.0

package keystone

import (
	"needletail/auth/identity"
	"needletail/proxy/pyjson"
	"needletail/proxy/web"
)

func projectRoutes() []route {
	return []route{
		{method: "GET", pattern: "/v3/projects", action: "identity:list_projects", rule: domainListers, handle: listProjects},
		{method: "POST", pattern: "/v3/projects", action: "identity:create_project", rule: adminOnly, handle: createProject},
		{method: "GET", pattern: "/v3/projects/{project}", action: "identity:get_project", rule: projectReaders, handle: showProject},
		{method: "PATCH", pattern: "/v3/projects/{project}", action: "identity:update_project", rule: adminOnly, handle: updateProject},
		{method: "DELETE", pattern: "/v3/projects/{project}", action: "identity:delete_project", rule: adminOnly, handle: deleteProject},
	}
}

func (c *call) project(p *identity.Project) pyjson.Object {
	return withExtras(pyjson.Object{
		{Key: "id", Value: p.ID}, {Key: "name", Value: p.Name}, {Key: "domain_id", Value: p.DomainID},
		{Key: "description", Value: p.Description}, {Key: "enabled", Value: p.Enabled},
		{Key: "parent_id", Value: p.ParentID}, {Key: "is_domain", Value: false},
		{Key: "tags", Value: append([]string{}, p.Tags...)}, {Key: "options", Value: immutableOption(p.Immutable)},
		c.links("projects", p.ID),
	}, p.Extra)
}

var projectKeys = []string{"id", "name", "domain_id", "description", "enabled", "parent_id", "is_domain",
	"tags", "options", "links"}

// listProjects leaves the domains out, unless the query asks for domains alone.
// In Keystone a domain is a project too.
func listProjects(c *call) (*web.Response, error) {
	limit := c.domainLimit()
	if v, ok := c.Query()["is_domain"]; ok && asBool(v[0]) {
		domains := c.svc.Domains(func(d *identity.Domain) bool { return limit == "" || d.ID == limit })
		return c.collection("projects", render(domains, c.domainProject), "name", "enabled")
	}
	projects := c.svc.Projects(func(p *identity.Project) bool {
		return (limit == "" || p.DomainID == limit) && c.wantsTags(p.Tags)
	})
	return c.collection("projects", render(projects, c.project), "name", "domain_id", "enabled", "parent_id")
}

// domainProject shows a domain as a project.
func (c *call) domainProject(d *identity.Domain) pyjson.Object {
	return withExtras(pyjson.Object{
		{Key: "id", Value: d.ID}, {Key: "name", Value: d.Name}, {Key: "domain_id", Value: nil},
		{Key: "description", Value: d.Description}, {Key: "enabled", Value: d.Enabled},
		{Key: "parent_id", Value: nil}, {Key: "is_domain", Value: true},
		{Key: "tags", Value: append([]string{}, d.Tags...)}, {Key: "options", Value: immutableOption(d.Immutable)},
		c.links("projects", d.ID),
	}, d.Extra)
}

// showProject shows a project, or a domain as a project.
func showProject(c *call) (*web.Response, error) {
	p, err := c.svc.Project(c.params.Get("project"))
	if err != nil {
		if d, none := c.svc.Domain(c.params.Get("project")); none == nil {
			return one(200, "project", c.domainProject(d)), nil
		}
		return nil, err
	}
	shown, err := c.withRelatives(p)
	if err != nil {
		return nil, err
	}
	return one(200, "project", shown), nil
}

// readProject applies the body of a project to p.
func readProject(in object, p *identity.Project) error {
	err := in.fields(map[string]*string{"name": &p.Name, "description": &p.Description})
	if err != nil {
		return err
	}
	if p.Enabled, err = in.flag("enabled", p.Enabled); err != nil {
		return err
	}
	if isDomain, err := in.flag("is_domain", false); err != nil || isDomain {
		return badRequest("A project that acts as a domain is made as a domain.")
	}
	if p.Tags, err = in.tags(p.Tags); err != nil {
		return err
	}
	if p.Immutable, err = in.immutable(p.Immutable); err != nil {
		return err
	}
	p.Extra, err = in.extras(p.Extra, projectKeys...)
	return err
}

func createProject(c *call) (*web.Response, error) {
	in, err := c.inside("project")
	if err != nil {
		return nil, err
	}
	p := identity.Project{Enabled: true}
	if err := readProject(in, &p); err != nil {
		return nil, err
	}
	if err := in.fields(map[string]*string{"domain_id": &p.DomainID, "parent_id": &p.ParentID}); err != nil {
		return nil, err
	}
	if p.DomainID == "" {
		p.DomainID = c.ownDomain()
	}
	made, err := c.svc.CreateProject(p)
	if err != nil {
		return nil, err
	}
	return one(201, "project", c.project(made)), nil
}

func updateProject(c *call) (*web.Response, error) {
	return patch[identity.Project]{
		key: "project", id: c.params.Get("project"), find: c.svc.Project, read: readProject, update: c.svc.UpdateProject, show: c.project,
	}.serve(c)
}

func deleteProject(c *call) (*web.Response, error) {
	return dropped(c.svc.DeleteProject(c.params.Get("project")))
}
