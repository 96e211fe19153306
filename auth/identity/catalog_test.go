// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"slices"
	"strings"
	"testing"
)

// TestRegions: the tree of regions has no cycle, and a region in use stays.
func TestRegions(t *testing.T) {
	w := newWorld(t)
	create := func(r Region) func() error { return func() error { _, err := w.CreateRegion(r); return err } }
	move := func(id, parent string) func() error {
		return func() error { _, err := w.UpdateRegion(id, func(r *Region) { r.ParentID = parent }); return err }
	}
	remove := func(id string) func() error { return func() error { return w.DeleteRegion(id) } }
	w.newService("svc")
	try(t, []attempt{
		{"a region", create(Region{ID: "top"}), accepted},
		{"a taken ID", create(Region{ID: "top"}), KindConflict},
		{"a region inside", create(Region{ID: "mid", ParentID: "top"}), accepted},
		{"a region inside that", create(Region{ID: "low", ParentID: "mid"}), accepted},
		{"a region of an unknown parent", create(Region{ID: "x", ParentID: "y"}), KindNotFound},
		{"inside itself", move("mid", "mid"), KindInvalid},
		{"inside a region of its own", move("top", "low"), KindInvalid},
		{"inside an unknown region", move("low", "x"), KindNotFound},
		{"an unknown region", move("x", "top"), KindNotFound},
		{"moved up", move("low", "top"), accepted},
		{"a deletion with child regions", remove("top"), KindForbidden},
		{"an endpoint", func() error {
			_, err := w.CreateEndpoint(Endpoint{ID: "e", ServiceID: "svc", Interface: "public", URL: "http://x", RegionID: "low"})
			return err
		}, accepted},
		{"a deletion with an endpoint", remove("low"), KindForbidden},
		{"moved to the top", move("low", ""), accepted},
		{"the endpoint is deleted", func() error { return w.DeleteEndpoint("e") }, accepted},
		{"a deletion", remove("low"), accepted},
		{"a deletion of an unknown region", remove("low"), KindNotFound},
		{"a deletion of the last child", remove("mid"), accepted},
		{"a deletion of the parent", remove("top"), accepted},
	})
	_, err := w.UpdateRegion(DefaultRegion, func(r *Region) { r.ID, r.Description = "x", "new" })
	w.ok(err)
	if r, err := w.Region(DefaultRegion); err != nil || r.Description != "new" {
		t.Errorf("the region is %+v, %v", r, err)
	}
}

// TestEndpointRefusals: interface, URL, template, service and region of an
// endpoint, for new endpoints and for changes.
func TestEndpointRefusals(t *testing.T) {
	w := newWorld(t)
	w.newService("svc")
	good := Endpoint{ServiceID: "svc", Interface: "public", URL: "http://x", RegionID: DefaultRegion, Enabled: true}
	e := good
	e.ID = "kept"
	_, err := w.CreateEndpoint(e)
	w.ok(err)
	for _, row := range []struct {
		name   string
		change func(*Endpoint)
		want   Kind
	}{
		{"the interface internal", func(e *Endpoint) { e.Interface = "internal" }, accepted},
		{"the interface admin", func(e *Endpoint) { e.Interface = "admin" }, accepted},
		{"an unknown interface", func(e *Endpoint) { e.Interface = "Public" }, KindInvalid},
		{"an empty URL", func(e *Endpoint) { e.URL = "" }, KindInvalid},
		{"a URL at the bound", func(e *Endpoint) { e.URL = strings.Repeat("u", maxURLBytes) }, accepted},
		{"a URL beyond the bound", func(e *Endpoint) { e.URL = strings.Repeat("u", maxURLBytes+1) }, KindInvalid},
		{"a project in the URL", func(e *Endpoint) { e.URL = "http://x/$(project_id)s" }, accepted},
		{"a tenant and a user in the URL", func(e *Endpoint) { e.URL = "http://x/%(tenant_id)s/$(user_id)s" }, accepted},
		{"an unknown name in the URL", func(e *Endpoint) { e.URL = "http://x/$(password)s" }, KindInvalid},
		{"an open template", func(e *Endpoint) { e.URL = "http://x/$(project_id" }, KindInvalid},
		{"an unknown service", func(e *Endpoint) { e.ServiceID = "x" }, KindInvalid},
		{"an unknown region", func(e *Endpoint) { e.RegionID = "x" }, KindInvalid},
		{"no region", func(e *Endpoint) { e.RegionID = "" }, accepted},
	} {
		try(t, []attempt{
			{row.name + " in a new endpoint", func() error {
				e := good
				row.change(&e)
				_, err := w.CreateEndpoint(e)
				return err
			}, row.want},
			{row.name + " in a change", func() error {
				_, err := w.UpdateEndpoint("kept", func(e *Endpoint) { *e = good; row.change(e) })
				return err
			}, row.want},
		})
	}
	try(t, []attempt{
		{"a taken ID", func() error { _, err := w.CreateEndpoint(e); return err }, KindConflict},
		{"a change of an unknown endpoint", func() error { _, err := w.UpdateEndpoint("x", func(*Endpoint) {}); return err }, KindNotFound},
		{"a deletion of an unknown endpoint", func() error { return w.DeleteEndpoint("x") }, KindNotFound},
		{"a deletion", func() error { return w.DeleteEndpoint("kept") }, accepted},
	})
}

// TestChangedEndpointFollowsNoMore: a change by hand takes an endpoint from the
// configuration, unless the change says otherwise.
func TestChangedEndpointFollowsNoMore(t *testing.T) {
	w := newWorld(t)
	bootstrapped := w.Endpoints(func(e *Endpoint) bool { return e.Bootstrapped })
	byHand, kept := bootstrapped[0].ID, bootstrapped[1].ID
	_, err := w.UpdateEndpoint(byHand, func(e *Endpoint) { e.ID, e.Enabled = "x", false })
	w.ok(err)
	_, err = w.UpdateEndpoint(kept, func(e *Endpoint) { e.Bootstrapped = true })
	w.ok(err)
	for id, want := range map[string]bool{byHand: false, kept: true} {
		if e, err := w.Endpoint(id); err != nil || e.Bootstrapped != want {
			t.Errorf("%+v, %v, want bootstrapped %v", e, err, want)
		}
	}
}

// TestServices: the rules for services, and their endpoints go with them.
func TestServices(t *testing.T) {
	w := newWorld(t)
	w.newService("a")
	w.newService("b")
	for _, service := range []string{"a", "b"} {
		_, err := w.CreateEndpoint(Endpoint{ID: "of " + service, ServiceID: service, Interface: "public", URL: "http://x"})
		w.ok(err)
	}
	update := func(id string, edit func(*CatalogService)) func() error {
		return func() error { _, err := w.UpdateService(id, edit); return err }
	}
	try(t, []attempt{
		{"a taken ID", func() error { _, err := w.CreateService(CatalogService{ID: "a", Type: "x"}); return err }, KindConflict},
		{"a second service of a type", func() error { _, err := w.CreateService(CatalogService{Type: "a"}); return err }, accepted},
		{"an empty type", update("a", func(c *CatalogService) { c.Type = "" }), KindInvalid},
		{"an unknown service", update("x", func(*CatalogService) {}), KindNotFound},
		{"the ID stays", update("a", func(c *CatalogService) { c.ID, c.Extra = "x", map[string]any{"name": "n"} }), accepted},
		{"a deletion", func() error { return w.DeleteService("b") }, accepted},
		{"a deletion of an unknown service", func() error { return w.DeleteService("b") }, KindNotFound},
	})
	a, err := w.Service.Service("a")
	w.ok(err)
	if a.Name() != "n" || (&CatalogService{Extra: map[string]any{"name": 1}}).Name() != "" {
		t.Errorf("the service is %+v", a)
	}
	if _, err := w.Endpoint("of a"); err != nil {
		t.Error(err)
	}
	if _, err := w.Endpoint("of b"); KindOf(err) != KindNotFound {
		t.Errorf("the endpoint of a deleted service: %v", err)
	}
}

// TestCatalogOfAToken: disabled services and endpoints are left out, and so is
// an endpoint whose template the token cannot fill.
func TestCatalogOfAToken(t *testing.T) {
	w := newWorld(t)
	for _, c := range w.Services(nil) {
		w.ok(w.DeleteService(c.ID))
	}
	w.newService("a")
	w.newService("b")
	w.newService("c")
	for _, e := range []Endpoint{
		{ID: "1", ServiceID: "a", Interface: "public", URL: "http://a/$(project_id)s", Enabled: true},
		{ID: "2", ServiceID: "a", Interface: "admin", URL: "http://a/%(user_id)s", Enabled: true},
		{ID: "3", ServiceID: "a", Interface: "internal", URL: "http://a"},
		{ID: "4", ServiceID: "b", Interface: "public", URL: "http://b/$(tenant_id)s", Enabled: true},
		{ID: "5", ServiceID: "c", Interface: "public", URL: "http://c", Enabled: true},
	} {
		_, err := w.CreateEndpoint(e)
		w.ok(err)
	}
	_, err := w.UpdateService("c", func(c *CatalogService) { c.Enabled = false })
	w.ok(err)
	scoped := w.login("admin", adminPassword, adminScope)
	for _, row := range []struct {
		name  string
		token *Token
		want  []string
	}{
		{"project", scoped, []string{"a", "http://a/" + scoped.Project.ID, "http://a/" + scoped.User.ID, "b", "http://b/" + scoped.Project.ID}},
		{"system", w.login("admin", adminPassword, Scope{Kind: ScopeSystem}), []string{"a", "http://a/" + scoped.User.ID, "b"}},
		{"unscoped", w.login("admin", adminPassword, Scope{Kind: ScopeNone}), []string{"a", "http://a/" + scoped.User.ID, "b"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			var got []string
			for _, entry := range w.Catalog(row.token) {
				got = append(got, entry.Service.ID)
				for _, e := range entry.Endpoints {
					got = append(got, e.URL)
				}
			}
			if !slices.Equal(got, row.want) {
				t.Errorf("%v, want %v", got, row.want)
			}
		})
	}
}
