// SPDX-License-Identifier: Apache-2.0

package keystone

import (
	"needletail/auth/identity"
	"needletail/proxy/pyjson"
	"needletail/proxy/web"
)

func limitRoutes() []route {
	const registered = "/v3/registered_limits"
	return []route{
		{method: "GET", pattern: registered, action: "identity:list_registered_limits", rule: anyToken, handle: listRegistered},
		{method: "POST", pattern: registered, action: "identity:create_registered_limits", rule: cloudAdmin, handle: createRegistered},
		{method: "GET", pattern: registered + "/{limit}", action: "identity:get_registered_limit", rule: anyToken, handle: showRegistered},
		{method: "PATCH", pattern: registered + "/{limit}", action: "identity:update_registered_limit", rule: cloudAdmin, handle: updateRegistered},
		{method: "DELETE", pattern: registered + "/{limit}", action: "identity:delete_registered_limit", rule: cloudAdmin, handle: deleteRegistered},
		{method: "GET", pattern: "/v3/limits/model", action: "identity:get_limit_model", rule: anyToken, handle: limitModel},
		{method: "GET", pattern: "/v3/limits", action: "identity:list_limits", rule: anyToken, handle: listLimits},
		{method: "POST", pattern: "/v3/limits", action: "identity:create_limits", rule: cloudAdmin, handle: createLimits},
		{method: "GET", pattern: "/v3/limits/{limit}", action: "identity:get_limit", rule: limitReaders, handle: showLimit},
		{method: "PATCH", pattern: "/v3/limits/{limit}", action: "identity:update_limit", rule: cloudAdmin, handle: updateLimit},
		{method: "DELETE", pattern: "/v3/limits/{limit}", action: "identity:delete_limit", rule: cloudAdmin, handle: deleteLimit},
	}
}

var limitReaders = anyOf("admin, system reader or a token of the limit's project or domain", (*call).isSystemReader,
	func(c *call) bool {
		l, err := c.svc.Limit(c.params.Get("limit"))
		return err == nil && c.seesLimit(l)
	})

// seesLimit says whether the caller's scope is the limit's project or domain,
// or the system.
func (c *call) seesLimit(l *identity.Limit) bool {
	switch {
	case c.caller.System:
		return true
	case c.caller.Domain != nil:
		p, err := c.svc.Project(l.ProjectID)
		return l.DomainID == c.caller.Domain.ID || err == nil && p.DomainID == c.caller.Domain.ID
	case c.caller.Project != nil:
		return l.ProjectID == c.caller.Project.ID
	}
	return false
}

// limitModel says that limits are enforced per project, without hierarchies.
func limitModel(*call) (*web.Response, error) {
	return answer(200, pyjson.Object{{Key: "model", Value: pyjson.Object{
		{Key: "name", Value: "flat"},
		{Key: "description", Value: "Limit enforcement and validation does not take project hierarchy into consideration."},
	}}}), nil
}

// registered shows a registered limit, the default for all projects.
func (c *call) registered(r *identity.RegisteredLimit) pyjson.Object {
	return pyjson.Object{
		{Key: "id", Value: r.ID}, {Key: "service_id", Value: r.ServiceID}, {Key: "region_id", Value: orNull(r.RegionID)},
		{Key: "resource_name", Value: r.ResourceName}, {Key: "default_limit", Value: r.DefaultLimit},
		{Key: "description", Value: r.Description}, c.links("registered_limits", r.ID),
	}
}

// limit shows the limit of one project or domain.
func (c *call) limit(l *identity.Limit) pyjson.Object {
	return pyjson.Object{
		{Key: "id", Value: l.ID}, {Key: "project_id", Value: orNull(l.ProjectID)}, {Key: "domain_id", Value: orNull(l.DomainID)},
		{Key: "service_id", Value: l.ServiceID}, {Key: "region_id", Value: orNull(l.RegionID)},
		{Key: "resource_name", Value: l.ResourceName}, {Key: "resource_limit", Value: l.ResourceLimit},
		{Key: "description", Value: l.Description}, c.links("limits", l.ID),
	}
}

// limitList reads a body with several limits: {"limits": [{…}, …]}.
func (c *call) limitList(key string) ([]object, error) {
	body, err := c.readObject()
	if err != nil {
		return nil, err
	}
	list, ok := body[key].([]any)
	if !ok || len(list) == 0 {
		return nil, badRequest("Invalid input for field '" + key + "': it has to be a list that is not empty")
	}
	out := make([]object, len(list))
	for i, v := range list {
		in, ok := v.(map[string]any)
		if !ok {
			return nil, notType(key, v, "object")
		}
		out[i] = in
	}
	return out, nil
}

// readLimit applies the members that both kinds of limits have.
func (o object) readLimit(valueKey string, value *int, description **string, fields map[string]*string) error {
	if err := o.fields(fields); err != nil {
		return err
	}
	if v, ok := o[valueKey]; ok {
		n, err := wholeNumber(valueKey, v)
		if err != nil {
			return err
		}
		*value = n
	}
	if _, ok := o["description"]; !ok {
		return nil
	}
	text, err := o.text("description")
	if *description = &text; o["description"] == nil {
		*description = nil
	}
	return err
}

// readRegistered applies the body of a registered limit to r.
func (o object) readRegistered(r *identity.RegisteredLimit) error {
	return o.readLimit("default_limit", &r.DefaultLimit, &r.Description,
		map[string]*string{"service_id": &r.ServiceID, "region_id": &r.RegionID, "resource_name": &r.ResourceName})
}

// readProjectLimit applies the body of a limit to l.
func (o object) readProjectLimit(l *identity.Limit) error {
	return o.readLimit("resource_limit", &l.ResourceLimit, &l.Description, map[string]*string{"service_id": &l.ServiceID,
		"region_id": &l.RegionID, "resource_name": &l.ResourceName, "project_id": &l.ProjectID, "domain_id": &l.DomainID})
}

// required is a part of Keystone's schema: these keys must be present.
func (o object) required(keys ...string) error {
	for _, key := range keys {
		if _, ok := o[key]; !ok {
			return badRequest("'" + key + "' is a required property")
		}
	}
	return nil
}

func createRegistered(c *call) (*web.Response, error) {
	list, err := c.limitList("registered_limits")
	if err != nil {
		return nil, err
	}
	rows := make([]identity.RegisteredLimit, len(list))
	for i, in := range list {
		if err := in.required("service_id", "resource_name", "default_limit"); err != nil {
			return nil, err
		}
		if err := in.readRegistered(&rows[i]); err != nil {
			return nil, err
		}
	}
	made, err := c.svc.CreateRegisteredLimits(rows)
	if err != nil {
		return nil, err
	}
	return answer(201, pyjson.Object{{Key: "registered_limits", Value: render(made, c.registered)}}), nil
}

func listRegistered(c *call) (*web.Response, error) {
	return c.collection("registered_limits", render(c.svc.RegisteredLimits(), c.registered),
		"service_id", "region_id", "resource_name")
}

func showRegistered(c *call) (*web.Response, error) {
	r, err := c.svc.RegisteredLimit(c.params.Get("limit"))
	if err != nil {
		return nil, err
	}
	return one(200, "registered_limit", c.registered(r)), nil
}

func updateRegistered(c *call) (*web.Response, error) {
	return patch[identity.RegisteredLimit]{
		key: "registered_limit", id: c.params.Get("limit"), find: c.svc.RegisteredLimit, read: object.readRegistered, update: c.svc.UpdateRegisteredLimit, show: c.registered,
	}.serve(c)
}

func deleteRegistered(c *call) (*web.Response, error) {
	return dropped(c.svc.DeleteRegisteredLimit(c.params.Get("limit")))
}

func createLimits(c *call) (*web.Response, error) {
	list, err := c.limitList("limits")
	if err != nil {
		return nil, err
	}
	rows := make([]identity.Limit, len(list))
	for i, in := range list {
		if err := in.required("service_id", "resource_name", "resource_limit"); err != nil {
			return nil, err
		}
		if err := in.readProjectLimit(&rows[i]); err != nil {
			return nil, err
		}
	}
	made, err := c.svc.CreateLimits(rows)
	if err != nil {
		return nil, err
	}
	return answer(201, pyjson.Object{{Key: "limits", Value: render(made, c.limit)}}), nil
}

// listLimits shows the limits of the caller's scope, and all limits to a token
// of the system.
func listLimits(c *call) (*web.Response, error) {
	rows := c.svc.Limits(nil)
	shown := rows[:0]
	for _, l := range rows {
		if c.seesLimit(l) {
			shown = append(shown, l)
		}
	}
	return c.collection("limits", render(shown, c.limit),
		"service_id", "region_id", "resource_name", "project_id", "domain_id")
}

func showLimit(c *call) (*web.Response, error) {
	l, err := c.svc.Limit(c.params.Get("limit"))
	if err != nil {
		return nil, err
	}
	return one(200, "limit", c.limit(l)), nil
}

func updateLimit(c *call) (*web.Response, error) {
	return patch[identity.Limit]{
		key: "limit", id: c.params.Get("limit"), find: c.svc.Limit, read: object.readProjectLimit, update: c.svc.UpdateLimit, show: c.limit,
	}.serve(c)
}

func deleteLimit(c *call) (*web.Response, error) {
	return dropped(c.svc.DeleteLimit(c.params.Get("limit")))
}
