// SPDX-License-Identifier: Apache-2.0

package keystone

import (
	"needletail/auth/identity"
	"needletail/proxy/pyjson"
	"needletail/proxy/web"
)

func serviceRoutes() []route {
	return []route{
		{method: "GET", pattern: "/v3/services", action: "identity:list_services", rule: cloudReaders, handle: listServices},
		{method: "POST", pattern: "/v3/services", action: "identity:create_service", rule: cloudAdmin, handle: createService},
		{method: "GET", pattern: "/v3/services/{service}", action: "identity:get_service", rule: cloudReaders, handle: showService},
		{method: "PATCH", pattern: "/v3/services/{service}", action: "identity:update_service", rule: cloudAdmin, handle: updateService},
		{method: "DELETE", pattern: "/v3/services/{service}", action: "identity:delete_service", rule: cloudAdmin, handle: deleteService},
	}
}

func (c *call) service(s *identity.CatalogService) pyjson.Object {
	o := pyjson.Object{}
	for _, key := range []string{"name", "description"} {
		if v, ok := s.Extra[key]; ok {
			o = append(o, pyjson.Member{Key: key, Value: toPy(v)})
		}
	}
	return withExtras(append(o, pyjson.Member{Key: "id", Value: s.ID}, pyjson.Member{Key: "type", Value: s.Type},
		pyjson.Member{Key: "enabled", Value: s.Enabled}, c.links("services", s.ID)), s.Extra)
}

func listServices(c *call) (*web.Response, error) {
	return c.collection("services", render(c.svc.Services(nil), c.service), "type", "name")
}

func showService(c *call) (*web.Response, error) {
	s, err := c.svc.Service(c.params.Get("service"))
	if err != nil {
		return nil, err
	}
	return one(200, "service", c.service(s)), nil
}

// readService applies the body of a service to s. The name and the description
// stay among the extras, as in Keystone.
func readService(in object, s *identity.CatalogService) error {
	err := in.fields(map[string]*string{"type": &s.Type})
	if err != nil {
		return err
	}
	for _, key := range []string{"name", "description"} {
		if _, err := in.text(key); err != nil {
			return err
		}
	}
	if s.Enabled, err = in.flag("enabled", s.Enabled); err != nil {
		return err
	}
	s.Extra, err = in.extras(s.Extra, "id", "type", "enabled", "links")
	return err
}

func createService(c *call) (*web.Response, error) {
	in, err := c.inside("service")
	if err != nil {
		return nil, err
	}
	s := identity.CatalogService{Enabled: true}
	if err := readService(in, &s); err != nil {
		return nil, err
	}
	made, err := c.svc.CreateService(s)
	if err != nil {
		return nil, err
	}
	return one(201, "service", c.service(made)), nil
}

func updateService(c *call) (*web.Response, error) {
	return patch[identity.CatalogService]{
		key: "service", id: c.params.Get("service"), find: c.svc.Service, read: readService, update: c.svc.UpdateService, show: c.service,
	}.serve(c)
}

func deleteService(c *call) (*web.Response, error) {
	return dropped(c.svc.DeleteService(c.params.Get("service")))
}
