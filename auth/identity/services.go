// SPDX-License-Identifier: Apache-2.0

package identity

// CreateRegion stores r and returns the stored row. An empty ID is replaced by
// a new ID. The error is of KindInvalid for an ID longer than maxNameChars
// bytes, of KindConflict for a taken ID, and of KindNotFound for an unknown
// parent.
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

// Region returns the region with the given ID, or an error of KindNotFound.
func (s *Service) Region(id string) (*Region, error) { return get(s, s.regions, "region", id) }

// Regions returns the regions accepted by keep, sorted by ID. A nil keep
// accepts all.
func (s *Service) Regions(keep func(*Region) bool) []*Region { return list(s, s.regions, keep) }

// UpdateRegion calls edit with a copy of the region, stores the copy and
// returns the copy. The ID cannot change. The error is of KindNotFound for an
// unknown region or new parent, and of KindInvalid if the new parent is the
// region itself or is inside the region.
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

// DeleteRegion deletes a region. The error is of KindNotFound for an unknown
// ID, and of KindForbidden for a region with endpoints or child regions.
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

// CreateService stores c and returns the stored row. An empty ID is replaced
// by a new ID. The error is of KindInvalid for a type empty or too long, and
// of KindConflict for a taken ID. Two services may have the same type and
// name.
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

// Service returns the service with the given ID, or an error of KindNotFound.
func (s *Service) Service(id string) (*CatalogService, error) {
	return get(s, s.services, "service", id)
}

// Services returns the services accepted by keep, sorted by ID. A nil keep
// accepts all.
func (s *Service) Services(keep func(*CatalogService) bool) []*CatalogService {
	return list(s, s.services, keep)
}

// UpdateService calls edit with a copy of the service, stores the copy and
// returns the copy. The ID cannot change. The error is of KindNotFound for an
// unknown ID, and of KindInvalid for a type empty or too long.
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

// DeleteService deletes a service with its endpoints. The error is of
// KindNotFound for an unknown ID.
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
