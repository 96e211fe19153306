// SPDX-License-Identifier: Apache-2.0

package keystone

import (
	"needletail/auth/identity"
	"needletail/proxy/pyjson"
	"needletail/proxy/web"
)

func regionRoutes() []route {
	return []route{
		{method: "GET", pattern: "/v3/regions", action: "identity:list_regions", rule: anyToken, handle: listRegions},
		{method: "POST", pattern: "/v3/regions", action: "identity:create_region", rule: cloudAdmin, handle: createRegion},
		{method: "GET", pattern: "/v3/regions/{region}", action: "identity:get_region", rule: anyToken, handle: showRegion},
		{method: "PUT", pattern: "/v3/regions/{region}", action: "identity:create_region", rule: cloudAdmin, handle: createRegion},
		{method: "PATCH", pattern: "/v3/regions/{region}", action: "identity:update_region", rule: cloudAdmin, handle: updateRegion},
		{method: "DELETE", pattern: "/v3/regions/{region}", action: "identity:delete_region", rule: cloudAdmin, handle: deleteRegion},
	}
}

func (c *call) region(r *identity.Region) pyjson.Object {
	return withExtras(pyjson.Object{
		{Key: "id", Value: r.ID}, {Key: "description", Value: r.Description},
		{Key: "parent_region_id", Value: orNull(r.ParentID)}, c.links("regions", r.ID),
	}, r.Extra)
}

func listRegions(c *call) (*web.Response, error) {
	return c.collection("regions", render(c.svc.Regions(nil), c.region), "parent_region_id")
}

func showRegion(c *call) (*web.Response, error) {
	r, err := c.svc.Region(c.params.Get("region"))
	if err != nil {
		return nil, err
	}
	return one(200, "region", c.region(r)), nil
}

// readRegion applies the body of a region to r. An id in the body has to be the
// id of the URL, if the URL has an id.
func readRegion(in object, r *identity.Region) error {
	id := r.ID
	err := in.fields(map[string]*string{"id": &id, "description": &r.Description, "parent_region_id": &r.ParentID})
	if err != nil {
		return err
	}
	if r.ID != "" && id != r.ID {
		return badRequest("The region ID of the body is not that of the URL.")
	}
	r.ID = id
	r.Extra, err = in.extras(r.Extra, "id", "description", "parent_region_id", "links")
	return err
}

func createRegion(c *call) (*web.Response, error) {
	in, err := c.inside("region")
	if err != nil {
		return nil, err
	}
	r := identity.Region{ID: c.params.Get("region")}
	if err := readRegion(in, &r); err != nil {
		return nil, err
	}
	made, err := c.svc.CreateRegion(r)
	if err != nil {
		return nil, err
	}
	return one(201, "region", c.region(made)), nil
}

func updateRegion(c *call) (*web.Response, error) {
	return patch[identity.Region]{
		key: "region", id: c.params.Get("region"), find: c.svc.Region, read: readRegion, update: c.svc.UpdateRegion, show: c.region,
	}.serve(c)
}

func deleteRegion(c *call) (*web.Response, error) {
	return dropped(c.svc.DeleteRegion(c.params.Get("region")))
}
