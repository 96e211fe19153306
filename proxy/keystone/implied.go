// SPDX-License-Identifier: Apache-2.0

package keystone

import (
	"needletail/auth/identity"
	"needletail/proxy/pyjson"
	"needletail/proxy/web"
)

func impliedRoutes() []route {
	const list = "/v3/roles/{role}/implies"
	const member = list + "/{implied}"
	return []route{
		{method: "GET", pattern: list, action: "identity:list_implied_roles", rule: cloudReaders, handle: listImplied},
		{method: "GET", pattern: member, action: "identity:get_implied_role", rule: cloudReaders, handle: showImplied},
		{method: "HEAD", pattern: member, action: "identity:check_implied_role", rule: cloudReaders, handle: checkImplied},
		{method: "PUT", pattern: member, action: "identity:create_implied_role", rule: cloudAdminInPerson, handle: addImplied},
		{method: "DELETE", pattern: member, action: "identity:delete_implied_role", rule: cloudAdmin, handle: removeImplied},
		{method: "GET", pattern: "/v3/role_inferences", action: "identity:list_role_inference_rules", rule: cloudReaders, handle: listInferences},
	}
}

// shortRole shows a role inside an inference.
func (c *call) shortRole(r *identity.Role) pyjson.Object {
	return pyjson.Object{{Key: "id", Value: r.ID}, {Key: "name", Value: r.Name}, c.links("roles", r.ID)}
}

// impliedBy shows the roles that a role implies directly.
func (c *call) impliedBy(prior string) []pyjson.Object {
	out := []pyjson.Object{}
	for _, i := range c.svc.Implications(func(i *identity.Implication) bool { return i.Prior == prior }) {
		if r, err := c.svc.Role(i.Implied); err == nil {
			out = append(out, c.shortRole(r))
		}
	}
	return out
}

// inference shows a role with the role or roles that the first role implies.
func (c *call) inference(prior *identity.Role, implies any) pyjson.Object {
	return pyjson.Object{{Key: "prior_role", Value: c.shortRole(prior)}, {Key: "implies", Value: implies}}
}

func listImplied(c *call) (*web.Response, error) {
	prior, err := c.svc.Role(c.params.Get("role"))
	if err != nil {
		return nil, err
	}
	return answer(200, pyjson.Object{
		{Key: "role_inference", Value: c.inference(prior, c.impliedBy(prior.ID))}, c.selfLink(),
	}), nil
}

// oneInference shows the implication of the path.
func (c *call) oneInference(status int) (*web.Response, error) {
	prior, err := c.svc.Role(c.params.Get("role"))
	if err != nil {
		return nil, err
	}
	implied, err := c.svc.Role(c.params.Get("implied"))
	if err != nil {
		return nil, err
	}
	return answer(status, pyjson.Object{
		{Key: "role_inference", Value: c.inference(prior, c.shortRole(implied))}, c.selfLink(),
	}), nil
}

func showImplied(c *call) (*web.Response, error) {
	if err := c.svc.HasImplication(c.params.Get("role"), c.params.Get("implied")); err != nil {
		return nil, err
	}
	return c.oneInference(200)
}

func checkImplied(c *call) (*web.Response, error) {
	return dropped(c.svc.HasImplication(c.params.Get("role"), c.params.Get("implied")))
}

func addImplied(c *call) (*web.Response, error) {
	if c.svc.HasImplication(c.params.Get("role"), c.params.Get("implied")) == nil {
		return nil, newError(409, "Conflict occurred attempting to store implied_role - Duplicate entry.")
	}
	if err := c.svc.ImplyRole(c.params.Get("role"), c.params.Get("implied")); err != nil {
		return nil, err
	}
	return c.oneInference(201)
}

func removeImplied(c *call) (*web.Response, error) {
	return dropped(c.svc.RemoveImplication(c.params.Get("role"), c.params.Get("implied")))
}

func listInferences(c *call) (*web.Response, error) {
	rows := []pyjson.Object{}
	seen := map[string]bool{}
	for _, i := range c.svc.Implications(nil) {
		if prior, err := c.svc.Role(i.Prior); err == nil && !seen[i.Prior] {
			seen[i.Prior] = true
			rows = append(rows, c.inference(prior, c.impliedBy(i.Prior)))
		}
	}
	return answer(200, pyjson.Object{{Key: "role_inferences", Value: rows}}), nil
}
