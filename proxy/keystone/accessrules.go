// SPDX-License-Identifier: Apache-2.0

package keystone

import (
	"needletail/auth"
	"needletail/auth/identity"
	"needletail/proxy/pyjson"
	"needletail/proxy/web"
)

func accessRuleRoutes() []route {
	const list = "/v3/users/{user}/access_rules"
	return []route{
		{method: "GET", pattern: list, action: "identity:list_access_rules", rule: accessRuleReaders, handle: listAccessRules},
		{method: "GET", pattern: list + "/{rule}", action: "identity:get_access_rule", rule: accessRuleReaders, handle: showAccessRule},
		{method: "DELETE", pattern: list + "/{rule}", action: "identity:delete_access_rule", rule: accessRuleDeleters, handle: deleteAccessRule},
	}
}

func (c *call) accessRule(r *identity.AccessRule) pyjson.Object {
	return append(ruleObject(auth.AccessRule{ID: r.ID, Service: r.Service, Path: r.Path, Method: r.Method}),
		c.links("users/"+r.UserID+"/access_rules", r.ID))
}

// ruleObject shows the rule itself: an access rule of a token has no owner.
func ruleObject(r auth.AccessRule) pyjson.Object {
	return pyjson.Object{
		{Key: "path", Value: r.Path}, {Key: "method", Value: r.Method}, {Key: "service", Value: r.Service}, {Key: "id", Value: r.ID},
	}
}

func ruleObjects(rules []auth.AccessRule) []pyjson.Object {
	out := make([]pyjson.Object, len(rules))
	for i, r := range rules {
		out[i] = ruleObject(r)
	}
	return out
}

func listAccessRules(c *call) (*web.Response, error) {
	if _, err := c.svc.User(c.params.Get("user")); err != nil {
		return nil, err
	}
	rules := c.svc.AccessRules(c.params.Get("user"))
	return c.collection("access_rules", render(rules, c.accessRule), "service", "path", "method")
}

func showAccessRule(c *call) (*web.Response, error) {
	r, err := c.svc.AccessRule(c.params.Get("user"), c.params.Get("rule"))
	if err != nil {
		return nil, err
	}
	return one(200, "access_rule", c.accessRule(r)), nil
}

func deleteAccessRule(c *call) (*web.Response, error) {
	return dropped(c.svc.DeleteAccessRule(c.params.Get("user"), c.params.Get("rule")))
}

// accessRules reads the rules of a new application credential. nil: the body
// has no rules; empty: the body has [].
func (o object) accessRules() ([]identity.AccessRule, error) {
	v := o["access_rules"]
	if v == nil {
		return nil, nil
	}
	list, ok := v.([]any)
	if !ok {
		return nil, notType("access_rules", v, "array")
	}
	rules := []identity.AccessRule{}
	for _, v := range list {
		in, ok := v.(map[string]any)
		if !ok {
			return nil, notType("access_rules", v, "object")
		}
		var r identity.AccessRule
		err := object(in).fields(map[string]*string{"id": &r.ID, "service": &r.Service, "path": &r.Path, "method": &r.Method})
		if err != nil {
			return nil, err
		}
		rules = append(rules, r)
	}
	return rules, nil
}
