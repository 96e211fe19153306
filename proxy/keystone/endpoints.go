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
	e, err := c.svc.Endpoint(c.params["endpoint"])
	if err != nil {
		return nil, err
	}
	return one(200, "endpoint", c.endpoint(e)), nil
}

func (c *call) readEndpoint(e *identity.Endpoint) error {
	in, err := c.inside("endpoint")
	if err != nil {
		return err
	}
	region := ""
	if err := in.fields(map[string]*string{"interface": &e.Interface, "region_id": &e.RegionID, "region": &region,
		"service_id": &e.ServiceID, "url": &e.URL}); err != nil {
		return err
	}
	if e.Enabled, err = in.flag("enabled", e.Enabled); err != nil {
		return err
	}
	if _, ok := in["region_id"]; !ok && region != "" {
		// The old name of a region creates it.
		_, err := c.svc.CreateRegion(identity.Region{ID: region})
		if err != nil && identity.KindOf(err) != identity.KindConflict {
			return err
		}
		e.RegionID = region
	}
	e.Extra, err = in.extras(e.Extra, endpointKeys...)
	return err
}

func createEndpoint(c *call) (*web.Response, error) {
	e := identity.Endpoint{Enabled: true}
	if err := c.readEndpoint(&e); err != nil {
		return nil, err
	}
	made, err := c.svc.CreateEndpoint(e)
	if err != nil {
		return nil, err
	}
	return one(201, "endpoint", c.endpoint(made)), nil
}

func updateEndpoint(c *call) (*web.Response, error) {
	old, err := c.svc.Endpoint(c.params["endpoint"])
	if err != nil {
		return nil, err
	}
	e := *old
	if err := c.readEndpoint(&e); err != nil {
		return nil, err
	}
	e.Bootstrapped = old.Bootstrapped && e.URL == old.URL
	made, err := c.svc.UpdateEndpoint(old.ID, func(dst *identity.Endpoint) { *dst = e })
	if err != nil {
		return nil, err
	}
	return one(200, "endpoint", c.endpoint(made)), nil
}

func deleteEndpoint(c *call) (*web.Response, error) {
	return dropped(c.svc.DeleteEndpoint(c.params["endpoint"]))
}
