package identity

// CreateRegion stores r; an empty ID gets a new one.
func (s *Service) CreateRegion(r Region) (*Region, error) {
	r.ID = idOr(r.ID)
	if len(r.ID) > maxNameChars {
		return nil, invalid("region", "the id is too long")
	}
	return &r, s.update(func(t *tx) error {
		if err := free(s.regions, "region", "", r.ID, &r); err != nil {
			return err
		}
		if _, ok := s.regions.rows[r.ParentID]; !ok && r.ParentID != "" {
			return notFound("region", r.ParentID)
		}
		put(t, s.regions, r.ID, &r)
		return nil
	})
}

// Region is the region of that id.
func (s *Service) Region(id string) (*Region, error) { return get(s, s.regions, "region", id) }

// Regions are all that keep (nil: all) says so of, by id.
func (s *Service) Regions(keep func(*Region) bool) []*Region { return list(s, s.regions, keep) }

// UpdateRegion lets edit change a copy and stores it.
func (s *Service) UpdateRegion(id string, edit func(*Region)) (*Region, error) {
	var r Region
	return &r, s.update(func(t *tx) error {
		old, ok := s.regions.rows[id]
		if !ok {
			return notFound("region", id)
		}
		r = *old
		edit(&r)
		r.ID = id
		if r.ParentID != old.ParentID && r.ParentID != "" {
			for up := r.ParentID; up != ""; up = s.regions.rows[up].ParentID {
				if up == id {
					return invalid("region", "a region cannot be inside itself")
				}
				if s.regions.rows[up] == nil {
					return notFound("region", up)
				}
			}
		}
		put(t, s.regions, id, &r)
		return nil
	})
}

// DeleteRegion deletes a region without endpoints and without regions in it.
func (s *Service) DeleteRegion(id string) error {
	return s.update(func(t *tx) error {
		if _, ok := s.regions.rows[id]; !ok {
			return notFound("region", id)
		}
		for _, e := range s.endpoints.rows {
			if e.RegionID == id {
				return &Error{Kind: KindForbidden, Op: "delete", Entity: "region", Name: id,
					Detail: "Unable to delete region " + id + " because it or its child regions have associated endpoints."}
			}
		}
		for _, r := range s.regions.rows {
			if r.ParentID == id {
				return &Error{Kind: KindForbidden, Op: "delete", Entity: "region", Name: id,
					Detail: "Unable to delete region " + id + " because it has child regions."}
			}
		}
		drop(t, s.regions, id)
		return nil
	})
}

// CreateService stores c; an empty ID gets a new one.
func (s *Service) CreateService(c CatalogService) (*CatalogService, error) {
	c.ID = idOr(c.ID)
	if err := checkName("service", c.ID, c.Type, maxNameChars); err != nil {
		return nil, err
	}
	return &c, s.update(func(t *tx) error {
		if err := free(s.services, "service", "", c.ID, &c); err != nil {
			return err
		}
		put(t, s.services, c.ID, &c)
		return nil
	})
}

// Service is the service of that id.
func (s *Service) Service(id string) (*CatalogService, error) {
	return get(s, s.services, "service", id)
}

// Services are all that keep (nil: all) says so of, by id.
func (s *Service) Services(keep func(*CatalogService) bool) []*CatalogService {
	return list(s, s.services, keep)
}

// UpdateService lets edit change a copy and stores it.
func (s *Service) UpdateService(id string, edit func(*CatalogService)) (*CatalogService, error) {
	var c CatalogService
	return &c, s.update(func(t *tx) error {
		old, ok := s.services.rows[id]
		if !ok {
			return notFound("service", id)
		}
		c = *old
		edit(&c)
		c.ID = id
		if err := checkName("service", id, c.Type, maxNameChars); err != nil {
			return err
		}
		put(t, s.services, id, &c)
		return nil
	})
}

// DeleteService deletes a service and its endpoints.
func (s *Service) DeleteService(id string) error {
	return s.update(func(t *tx) error {
		if _, ok := s.services.rows[id]; !ok {
			return notFound("service", id)
		}
		for _, e := range s.endpoints.rows {
			if e.ServiceID == id {
				drop(t, s.endpoints, e.ID)
			}
		}
		drop(t, s.services, id)
		return nil
	})
}
