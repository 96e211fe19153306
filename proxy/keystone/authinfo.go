// SPDX-License-Identifier: Apache-2.0

package keystone

import (
	"needletail/auth/identity"
	"needletail/proxy/pyjson"
	"needletail/proxy/web"
)

// authProjects lists the projects for which the caller's user could get a
// token.
func authProjects(c *call) (*web.Response, error) {
	return c.collection("projects", render(c.svc.UserProjects(c.caller.User.ID), c.project))
}

// authDomains lists the domains for which the caller's user could get a token.
func authDomains(c *call) (*web.Response, error) {
	return c.collection("domains", render(c.svc.UserDomains(c.caller.User.ID), c.domain))
}

// selfLink returns the member "links" with the URL of the request.
func (c *call) selfLink() pyjson.Member {
	return pyjson.Member{Key: "links", Value: pyjson.Object{{Key: "self", Value: c.self()}}}
}

// authSystem says whether the caller's user could get a token for the system.
func authSystem(c *call) (*web.Response, error) {
	system := []pyjson.Object{}
	if len(c.svc.EffectiveRoles(c.caller.User.ID, identity.OnSystem, "")) > 0 {
		system = append(system, pyjson.Object{{Key: "all", Value: true}})
	}
	return answer(200, pyjson.Object{{Key: "system", Value: system}, c.selfLink()}), nil
}

// authCatalog shows the catalog of the caller's project.
func authCatalog(c *call) (*web.Response, error) {
	if c.caller.Project == nil {
		return nil, forbidden("A project-scoped token is required to produce a service catalog.")
	}
	return answer(200, pyjson.Object{
		{Key: "catalog", Value: catalogList(c.svc.Catalog(c.caller))}, c.selfLink(),
	}), nil
}
