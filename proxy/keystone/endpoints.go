// SPDX-License-Identifier: Apache-2.0

package keystone

import (
	"needletail/auth/identity"
	"needletail/proxy/pyjson"
	"needletail/proxy/web"
)

func endpointRoutes() []route {
	return []route{
		{method: "GET", pattern: "/v3/endpoints", action: "identity:list_endpoints", rule: cloudReaders, handle: listEndpoints},
		{method: "POST", pattern: "/v3/endpoints", action: "identity:create_endpoint", rule: cloudAdmin, handle: createEndpoint},
		{method: "GET", pattern: "/v3/endpoints/{endpoint}", action: "identity:get_endpoint", rule: cloudReaders, handle: showEndpoint},
		{method: "PATCH", pattern: "/v3/endpoints/{endpoint}", action: "identity:update_endpoint", rule: cloudAdmin, handle: updateEndpoint},
		{method: "DELETE", pattern: "/v3/endpoints/{endpoint}", action: "identity:delete_endpoint", rule: cloudAdmin, handle: deleteEndpoint},
	}
}

func (c *call) endpoint(e *identity.Endpoint) pyjson.Object {
	return withExtras(pyjson.Object{
		{Key: "id", Value: e.ID}, {Key: "interface", Value: e.Interface},
		{Key: "region_id", Value: orNull(e.RegionID)}, {Key: "service_id", Value: e.ServiceID},
		{Key: "url", Value: e.URL}, {Key: "enabled", Value: e.Enabled},
		{Key: "region", Value: orNull(e.RegionID)}, c.links("endpoints", e.ID),
	}, e.Extra)
}

var endpointKeys = []string{"id", "interface", "region_id", "region", "service_id", "url", "enabled", "links", "legacy_endpoint_id"}

func listEndpoints(c *call) (*web.Response, error) {
	return c.collection("endpoints", render(c.svc.Endpoints(nil), c.endpoint),
		"interface", "service_id", "region_id")
}

func showEndpoint(c *call) (*web.Response, error) {
	e, err := c.svc.Endpoint(c.params.Get("endpoint"))
	if err != nil {
		return nil, err
	}
	return one(200, "endpoint", c.endpoint(e)), nil
}

// readEndpoint applies the body of an endpoint to e. "region" is the old name
// of "region_id", and counts if "region_id" is absent.
func readEndpoint(in object, e *identity.Endpoint) error {
	region := ""
	err := in.fields(map[string]*string{"interface": &e.Interface, "region_id": &e.RegionID, "region": &region,
		"service_id": &e.ServiceID, "url": &e.URL})
	if err != nil {
		return err
	}
	if e.Enabled, err = in.flag("enabled", e.Enabled); err != nil {
		return err
	}
	if name := in.oldRegion(); name != "" {
		e.RegionID = name
	}
	e.Extra, err = in.extras(e.Extra, endpointKeys...)
	return err
}

// oldRegion returns the region that the body of an endpoint names under the old
// key, or "".
func (o object) oldRegion() string {
	if _, ok := o["region_id"]; ok {
		return ""
	}
	name, _ := o.text("region") // readEndpoint judges the type
	return name
}

// makeRegion creates the region that the body of an endpoint names under the
// old key, as Keystone does. A region under the new key has to exist.
func (c *call) makeRegion(in object) error {
	region := in.oldRegion()
	if region == "" {
		return nil
	}
	_, err := c.svc.CreateRegion(identity.Region{ID: region})
	if identity.KindOf(err) == identity.KindConflict {
		return nil // the region exists
	}
	return err
}

func createEndpoint(c *call) (*web.Response, error) {
	in, err := c.inside("endpoint")
	if err != nil {
		return nil, err
	}
	e := identity.Endpoint{Enabled: true}
	if err := readEndpoint(in, &e); err != nil {
		return nil, err
	}
	if err := c.makeRegion(in); err != nil {
		return nil, err
	}
	made, err := c.svc.CreateEndpoint(e)
	if err != nil {
		return nil, err
	}
	return one(201, "endpoint", c.endpoint(made)), nil
}

// updateEndpoint creates a region, if needed, before the update: the store
// takes no second change under the lock of the first.
func updateEndpoint(c *call) (*web.Response, error) {
	var body object
	return patch[identity.Endpoint]{
		key: "endpoint", id: c.params.Get("endpoint"), find: c.svc.Endpoint, show: c.endpoint,
		read: func(in object, e *identity.Endpoint) error {
			body = in
			return readEndpoint(in, e)
		},
		update: func(id string, edit func(*identity.Endpoint)) (*identity.Endpoint, error) {
			if err := c.makeRegion(body); err != nil {
				return nil, err
			}
			return c.editEndpoint(id, edit)
		},
	}.serve(c)
}

// editEndpoint is UpdateEndpoint for an edit that may leave the URL alone: such
// an endpoint keeps following the public URL of the configuration. If another
// request changes the URL in between, the URLs differ and the endpoint stops.
func (c *call) editEndpoint(id string, edit func(*identity.Endpoint)) (*identity.Endpoint, error) {
	old, err := c.svc.Endpoint(id)
	if err != nil {
		return nil, err
	}
	return c.svc.UpdateEndpoint(id, func(e *identity.Endpoint) {
		edit(e)
		e.Bootstrapped = old.Bootstrapped && e.URL == old.URL
	})
}

func deleteEndpoint(c *call) (*web.Response, error) {
	return dropped(c.svc.DeleteEndpoint(c.params.Get("endpoint")))
}
