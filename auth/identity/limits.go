// SPDX-License-Identifier: Apache-2.0

package identity

// MaxLimit is the largest limit: the largest signed 32-bit integer, Keystone's
// column in SQL.
const MaxLimit = 1<<31 - 1

// maxLimits bounds the limits created by a single request.
const maxLimits = 1000

// checkLimitValue returns an error of KindInvalid unless value is -1
// (unlimited) to MaxLimit and resource has 1 to maxNameChars characters.
func checkLimitValue(entity string, value int, resource string) error {
	if value < -1 || value > MaxLimit {
		return invalid(entity, "a limit is from -1 to 2147483647")
	}
	return checkName(entity, "x", resource, maxNameChars)
}

// checkLimitTarget returns an error of KindInvalid unless the service exists,
// and the region too if there is a region. The caller holds writing.
func (s *Service) checkLimitTarget(entity, serviceID, regionID string) error {
	if _, ok := s.services.rows[serviceID]; !ok {
		return invalid(entity, "Could not find service: "+serviceID+".")
	}
	if _, ok := s.regions.rows[regionID]; !ok && regionID != "" {
		return invalid(entity, "Could not find region: "+regionID+".")
	}
	return nil
}

// CreateRegisteredLimits stores rows under new IDs, in a single change, and
// returns the stored rows in the same order. If a row is refused, no row is
// stored. The error is of KindInvalid for a bad value or more than maxLimits
// rows, and of KindConflict for a resource with a registered limit already,
// stored or in rows.
func (s *Service) CreateRegisteredLimits(rows []RegisteredLimit) ([]*RegisteredLimit, error) {
	var out []*RegisteredLimit
	err := s.update(func(t *tx) error {
		if len(rows) > maxLimits {
			return invalid("registered_limit", "too many limits in one request")
		}
		for _, r := range rows {
			r.ID = NewID()
			if err := s.checkRegistered(&r, out); err != nil {
				return err
			}
			put(t, s.registered, r.ID, &r)
			out = append(out, &r)
		}
		return nil
	})
	return out, err
}

// checkRegistered checks the values of r, and compares the resource of r with
// all stored registered limits and with more, the earlier rows of the same
// request. The caller holds writing.
func (s *Service) checkRegistered(r *RegisteredLimit, more []*RegisteredLimit) error {
	if err := checkLimitValue("registered_limit", r.DefaultLimit, r.ResourceName); err != nil {
		return err
	}
	if err := s.checkLimitTarget("registered_limit", r.ServiceID, r.RegionID); err != nil {
		return err
	}
	for _, other := range s.registered.rows {
		more = append(more, other)
	}
	for _, other := range more {
		if other.ID != r.ID && other.resource() == r.resource() {
			return &Error{Kind: KindConflict, Op: "store", Entity: "registered_limit", Detail: "Duplicate entry."}
		}
	}
	return nil
}

// resource is the thing limited: an amount of name at a service, in a region
// or, if region is "", everywhere.
type resource struct{ service, region, name string }

// resource returns the resource of a registered limit.
func (r *RegisteredLimit) resource() resource {
	return resource{r.ServiceID, r.RegionID, r.ResourceName}
}

// resource returns the resource of a limit.
func (l *Limit) resource() resource { return resource{l.ServiceID, l.RegionID, l.ResourceName} }

// RegisteredLimit returns the registered limit with the given ID, or an error
// of KindNotFound.
func (s *Service) RegisteredLimit(id string) (*RegisteredLimit, error) {
	r, err := get(s, s.registered, "registered limit", id)
	if err != nil {
		return nil, limitNotFound("registered limit", id)
	}
	return r, nil
}

// limitNotFound returns an error of KindNotFound with Keystone's own message
// for limits.
func limitNotFound(entity, id string) error {
	return &Error{Kind: KindNotFound, Op: "find", Entity: entity, Name: id, Detail: "Could not find " + entity + " for " + id + "."}
}

// RegisteredLimits returns all registered limits, sorted by ID.
func (s *Service) RegisteredLimits() []*RegisteredLimit { return list(s, s.registered, nil) }

// inUse returns an error of KindForbidden if a project's or domain's limit
// overrides r, and otherwise nil. The caller holds writing.
func (s *Service) inUse(r *RegisteredLimit) error {
	for _, l := range s.limits.rows {
		if l.resource() == r.resource() {
			return &Error{Kind: KindForbidden, Op: "change", Entity: "registered limit", Name: r.ID,
				Detail: "Unable to update or delete registered limit " + r.ID +
					" because there are project limits associated with it."}
		}
	}
	return nil
}

// UpdateRegisteredLimit calls edit with a copy of the registered limit, stores
// the copy and returns the copy. The resource cannot change while a limit
// overrides the registered limit: the error is of KindForbidden. Other errors
// are of the kinds of CreateRegisteredLimits, and of KindNotFound for an
// unknown ID.
func (s *Service) UpdateRegisteredLimit(id string, edit func(*RegisteredLimit)) (*RegisteredLimit, error) {
	var r RegisteredLimit
	return &r, s.update(func(t *tx) error {
		old, ok := s.registered.rows[id]
		if !ok {
			return limitNotFound("registered limit", id)
		}
		r = *old
		edit(&r)
		r.ID = id
		if r.resource() != old.resource() {
			if err := s.inUse(old); err != nil {
				return err
			}
		}
		if err := s.checkRegistered(&r, nil); err != nil {
			return err
		}
		put(t, s.registered, id, &r)
		return nil
	})
}

// DeleteRegisteredLimit deletes a registered limit. The error is of
// KindForbidden while a limit overrides the registered limit, and of
// KindNotFound for an unknown ID.
func (s *Service) DeleteRegisteredLimit(id string) error {
	return s.update(func(t *tx) error {
		r, ok := s.registered.rows[id]
		if !ok {
			return limitNotFound("registered limit", id)
		}
		if err := s.inUse(r); err != nil {
			return err
		}
		drop(t, s.registered, id)
		return nil
	})
}

// CreateLimits stores rows under new IDs, in a single change, and returns the
// stored rows in the same order. If a row is refused, no row is stored. The
// error is of KindInvalid for more than maxLimits rows, and as of checkLimit.
func (s *Service) CreateLimits(rows []Limit) ([]*Limit, error) {
	var out []*Limit
	err := s.update(func(t *tx) error {
		if len(rows) > maxLimits {
			return invalid("limit", "too many limits in one request")
		}
		for _, l := range rows {
			l.ID = NewID()
			if err := s.checkLimit(&l, out); err != nil {
				return err
			}
			put(t, s.limits, l.ID, &l)
			out = append(out, &l)
		}
		return nil
	})
	return out, err
}

// checkLimit checks a limit against the stored rows and against more, the
// earlier rows of the same request. The error is of KindInvalid for a bad
// value, an unknown service, region, project or domain, and unless the limit
// is of either a project or a domain. The error is of KindForbidden without a
// registered limit of the same resource, and of KindConflict for a second
// limit of the project or domain. The caller holds writing.
func (s *Service) checkLimit(l *Limit, more []*Limit) error {
	if err := checkLimitValue("limit", l.ResourceLimit, l.ResourceName); err != nil {
		return err
	}
	if err := s.checkLimitTarget("limit", l.ServiceID, l.RegionID); err != nil {
		return err
	}
	if _, ok := s.projects.rows[l.ProjectID]; !ok && l.ProjectID != "" {
		return invalid("limit", "Could not find project: "+l.ProjectID+".")
	}
	if _, ok := s.domains.rows[l.DomainID]; !ok && l.DomainID != "" {
		return invalid("limit", "Could not find domain: "+l.DomainID+".")
	}
	if (l.ProjectID == "") == (l.DomainID == "") {
		return invalid("limit", "a limit is of one project or domain")
	}
	registered := false
	for _, r := range s.registered.rows {
		registered = registered || r.resource() == l.resource()
	}
	if !registered {
		return &Error{Kind: KindForbidden, Op: "create", Entity: "limit",
			Detail: "Unable to create a limit that has no corresponding registered limit."}
	}
	for _, other := range s.limits.rows {
		more = append(more, other)
	}
	for _, other := range more {
		if other.ID != l.ID && other.resource() == l.resource() && other.ProjectID == l.ProjectID && other.DomainID == l.DomainID {
			return &Error{Kind: KindConflict, Op: "store", Entity: "limit", Detail: "Duplicate entry."}
		}
	}
	return nil
}

// Limit returns the limit with the given ID, or an error of KindNotFound.
func (s *Service) Limit(id string) (*Limit, error) {
	l, err := get(s, s.limits, "limit", id)
	if err != nil {
		return nil, limitNotFound("limit", id)
	}
	return l, nil
}

// Limits returns the limits accepted by keep, sorted by ID. A nil keep accepts
// all.
func (s *Service) Limits(keep func(*Limit) bool) []*Limit { return list(s, s.limits, keep) }

// UpdateLimit calls edit with a copy of the limit, stores the new value and
// description, and returns the stored row. All other fields of the copy are
// ignored, as in Keystone. The error is of KindNotFound for an unknown ID, and
// of KindInvalid for a bad value.
func (s *Service) UpdateLimit(id string, edit func(*Limit)) (*Limit, error) {
	var l Limit
	return &l, s.update(func(t *tx) error {
		old, ok := s.limits.rows[id]
		if !ok {
			return limitNotFound("limit", id)
		}
		changed := *old
		edit(&changed)
		l = *old
		l.ResourceLimit, l.Description = changed.ResourceLimit, changed.Description
		if err := s.checkLimit(&l, nil); err != nil {
			return err
		}
		put(t, s.limits, id, &l)
		return nil
	})
}

// DeleteLimit deletes a limit: the registered limit applies again. The error
// is of KindNotFound for an unknown ID.
func (s *Service) DeleteLimit(id string) error {
	return s.update(func(t *tx) error {
		if _, ok := s.limits.rows[id]; !ok {
			return limitNotFound("limit", id)
		}
		drop(t, s.limits, id)
		return nil
	})
}

// dropLimits deletes the limits accepted by match, as a part of t.
func (s *Service) dropLimits(t *tx, match func(*Limit) bool) {
	for id, l := range s.limits.rows {
		if match(l) {
			drop(t, s.limits, id)
		}
	}
}
