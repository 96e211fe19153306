// SPDX-License-Identifier: Apache-2.0

package identity

// imageAdminMade is the milestone of imageAdmin: the store has got the admin
// endpoint of the image service, or had no bootstrapped image service.
const imageAdminMade = "image admin endpoint"

// catalog creates the region and the three services with their endpoints, or
// lets endpoints follow the public URL. In a run after the first only the
// identity service is created again; the image and object services may have
// been deleted on purpose.
func (b *bootstrap) catalog() error {
	if _, err := b.s.Region(b.o.Region); err != nil && !b.followOnly {
		if _, err := b.s.CreateRegion(Region{ID: b.o.Region}); err != nil {
			return err
		}
	}
	identity, image, objects := b.o.PublicURL+"/identity", b.o.PublicURL+"/image", b.o.PublicURL+"/v1/AUTH_$(project_id)s"
	if err := b.service("identity", b.o.ServiceName, map[string]string{
		"public": identity, "internal": identity, "admin": identity}); err != nil {
		return err
	}
	for iface, url := range b.o.IdentityURLs {
		if err := b.identityURL(iface, url); err != nil {
			return err
		}
	}
	b.followOnly = b.followOnly || b.again // the others may have been deleted
	if err := b.service("image", "glance", map[string]string{"public": image, "internal": image, "admin": image}); err != nil {
		return err
	}
	if err := b.imageAdmin(image); err != nil {
		return err
	}
	return b.service("object-store", "swift", map[string]string{"public": objects, "internal": objects, "admin": objects})
}

// service creates the service of the type kind with endpoints for urls (by
// interface). If there is a service of the type already, its endpoints follow
// urls instead. With followOnly, a missing service stays missing.
func (b *bootstrap) service(kind, name string, urls map[string]string) error {
	found := b.s.Services(func(s *CatalogService) bool { return s.Type == kind })
	switch {
	case len(found) > 0:
		return b.follow(found[0].ID, urls)
	case !b.followOnly: // else somebody deleted it
		return b.newService(kind, name, urls)
	}
	return nil
}

// imageAdmin adds the image service's admin endpoint to a store made by a
// version without that endpoint. imageAdmin works only once in the life of a
// store: an endpoint deleted by the operator stays deleted.
func (b *bootstrap) imageAdmin(url string) error {
	if _, done := b.s.milestones.rows[imageAdminMade]; done {
		return nil
	}
	return b.s.update(func(t *tx) error {
		var public *Endpoint
		for _, e := range b.s.endpoints.rows {
			service := b.s.services.rows[e.ServiceID]
			if service == nil || service.Type != "image" || !e.Bootstrapped {
				continue
			}
			if e.Interface == "admin" {
				public = nil
				break
			}
			public = e
		}
		if public != nil {
			admin := *public
			admin.ID, admin.Interface, admin.URL = NewID(), "admin", url
			put(t, b.s.endpoints, admin.ID, &admin)
		}
		put(t, b.s.milestones, imageAdminMade, &Milestone{ID: imageAdminMade})
		return nil
	})
}

// identityURL sets the URL of the identity service's endpoint for an interface
// in the region, creating a missing endpoint. The endpoint is the operator's
// from then on and does not follow the public URL.
func (b *bootstrap) identityURL(iface, url string) error {
	service := b.s.Services(func(s *CatalogService) bool { return s.Type == "identity" })[0]
	found := b.s.Endpoints(func(e *Endpoint) bool {
		return e.ServiceID == service.ID && e.Interface == iface && e.RegionID == b.o.Region
	})
	if len(found) == 0 {
		_, err := b.s.CreateEndpoint(Endpoint{ServiceID: service.ID, Interface: iface, URL: url, RegionID: b.o.Region, Enabled: true})
		return err
	}
	if found[0].URL == url && !found[0].Bootstrapped {
		return nil
	}
	_, err := b.s.UpdateEndpoint(found[0].ID, func(e *Endpoint) { e.URL = url })
	return err
}

// newService creates a service with its endpoints in a single change. After a
// crash, the store holds the service with all endpoints, or no row.
func (b *bootstrap) newService(kind, name string, urls map[string]string) error {
	c := &CatalogService{ID: NewID(), Type: kind, Enabled: true, Extra: map[string]any{"name": name}}
	return b.s.update(func(t *tx) error {
		put(t, b.s.services, c.ID, c)
		for iface, url := range urls {
			e := &Endpoint{ID: NewID(), ServiceID: c.ID, Interface: iface, URL: url,
				RegionID: b.o.Region, Enabled: true, Bootstrapped: true}
			put(t, b.s.endpoints, e.ID, e)
		}
		return nil
	})
}

// follow sets the URLs of the service's bootstrapped endpoints to urls.
// Endpoints changed by hand are not bootstrapped any more, and a deleted
// endpoint is not created again.
func (b *bootstrap) follow(serviceID string, urls map[string]string) error {
	for _, e := range b.s.Endpoints(func(e *Endpoint) bool {
		return e.Bootstrapped && e.ServiceID == serviceID && urls[e.Interface] != "" && e.URL != urls[e.Interface]
	}) {
		url := urls[e.Interface]
		_, err := b.s.UpdateEndpoint(e.ID, func(e *Endpoint) { e.URL, e.Bootstrapped = url, true })
		if err != nil {
			return err
		}
	}
	return nil
}
