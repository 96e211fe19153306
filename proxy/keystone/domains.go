// SPDX-License-Identifier: Apache-2.0

package keystone

import (
	"needletail/auth/identity"
	"needletail/proxy/pyjson"
	"needletail/proxy/web"
)

func domainRoutes() []route {
	return []route{
		{method: "GET", pattern: "/v3/domains", action: "identity:list_domains", rule: domainListers, handle: listDomains},
		{method: "POST", pattern: "/v3/domains", action: "identity:create_domain", rule: cloudAdmin, handle: createDomain},
		{method: "GET", pattern: "/v3/domains/{domain}", action: "identity:get_domain", rule: domainReaders, handle: showDomain},
		{method: "PATCH", pattern: "/v3/domains/{domain}", action: "identity:update_domain", rule: cloudAdmin, handle: updateDomain},
		{method: "DELETE", pattern: "/v3/domains/{domain}", action: "identity:delete_domain", rule: cloudAdmin, handle: deleteDomain},
	}
}

func (c *call) domain(d *identity.Domain) pyjson.Object {
	return withExtras(pyjson.Object{
		{Key: "id", Value: d.ID}, {Key: "name", Value: d.Name}, {Key: "description", Value: d.Description},
		{Key: "enabled", Value: d.Enabled}, {Key: "tags", Value: append([]string{}, d.Tags...)},
		{Key: "options", Value: immutableOption(d.Immutable)}, c.links("domains", d.ID),
	}, d.Extra)
}

var domainKeys = []string{"id", "explicit_domain_id", "name", "description", "enabled", "tags", "options", "links"}

func listDomains(c *call) (*web.Response, error) {
	limit := c.domainLimit()
	domains := c.svc.Domains(func(d *identity.Domain) bool { return limit == "" || d.ID == limit })
	return c.collection("domains", render(domains, c.domain), "name", "enabled")
}

func showDomain(c *call) (*web.Response, error) {
	d, err := c.svc.Domain(c.params.Get("domain"))
	if err != nil {
		return nil, err
	}
	return one(200, "domain", c.domain(d)), nil
}

// readDomain applies the body of a domain to d.
func readDomain(in object, d *identity.Domain) error {
	err := in.fields(map[string]*string{"name": &d.Name, "description": &d.Description})
	if err != nil {
		return err
	}
	if d.Enabled, err = in.flag("enabled", d.Enabled); err != nil {
		return err
	}
	if d.Immutable, err = in.immutable(d.Immutable); err != nil {
		return err
	}
	if d.Tags, err = in.tags(d.Tags); err != nil {
		return err
	}
	d.Extra, err = in.extras(d.Extra, domainKeys...)
	return err
}

func createDomain(c *call) (*web.Response, error) {
	in, err := c.inside("domain")
	if err != nil {
		return nil, err
	}
	d := identity.Domain{Enabled: true}
	if err := readDomain(in, &d); err != nil {
		return nil, err
	}
	if err := in.fields(map[string]*string{"explicit_domain_id": &d.ID}); err != nil {
		return nil, err
	}
	made, err := c.svc.CreateDomain(d)
	if err != nil {
		return nil, err
	}
	return one(201, "domain", c.domain(made)), nil
}

func updateDomain(c *call) (*web.Response, error) {
	return patch[identity.Domain]{
		key: "domain", id: c.params.Get("domain"), find: c.svc.Domain, read: readDomain, update: c.svc.UpdateDomain, show: c.domain,
	}.serve(c)
}

func deleteDomain(c *call) (*web.Response, error) {
	return dropped(c.svc.DeleteDomain(c.params.Get("domain")))
}
