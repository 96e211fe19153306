// SPDX-License-Identifier: Apache-2.0

package identity

import "slices"

// interfaces are the interfaces of endpoints in Keystone: networks with their
// own URL of the same service.
var interfaces = []string{"public", "internal", "admin"}

// maxURLBytes bounds an endpoint's URL before expansion.
const maxURLBytes = 2048

// CreateEndpoint stores e and returns the stored row. An empty ID is replaced
// by a new ID. The error is of KindConflict for a taken ID, and of KindInvalid
// for the reasons of checkEndpoint.
func (s *Service) CreateEndpoint(e Endpoint) (*Endpoint, error) {
	e.ID = idOr(e.ID)
	return &e, s.update(func(t *tx) error {
		if err := free(s.endpoints, "endpoint", "", e.ID, &e); err != nil {
			return err
		}
		if err := s.checkEndpoint(&e); err != nil {
			return err
		}
		put(t, s.endpoints, e.ID, &e)
		return nil
	})
}

// checkEndpoint returns an error of KindInvalid unless the interface is known,
// the URL has 1 to maxURLBytes bytes and a sound template, and the service and
// the region exist. An endpoint without a region is allowed. The caller holds
// writing.
func (s *Service) checkEndpoint(e *Endpoint) error {
	if !slices.Contains(interfaces, e.Interface) {
		return invalid("endpoint", "the interface is one of public, internal and admin")
	}
	if e.URL == "" || len(e.URL) > maxURLBytes {
		return invalid("endpoint", "the URL is empty or too long")
	}
	if _, err := expandURL(e.URL, validateVars); err != nil {
		return invalid("endpoint", err.Error())
	}
	if _, ok := s.services.rows[e.ServiceID]; !ok {
		return invalid("endpoint", "Could not find service: "+e.ServiceID+".")
	}
	if _, ok := s.regions.rows[e.RegionID]; !ok && e.RegionID != "" {
		return invalid("endpoint", "Could not find region: "+e.RegionID+".")
	}
	return nil
}

// Endpoint returns the endpoint with the given ID, or an error of KindNotFound.
func (s *Service) Endpoint(id string) (*Endpoint, error) { return get(s, s.endpoints, "endpoint", id) }

// Endpoints returns the endpoints accepted by keep, sorted by ID. A nil keep
// accepts all.
func (s *Service) Endpoints(keep func(*Endpoint) bool) []*Endpoint {
	return list(s, s.endpoints, keep)
}

// UpdateEndpoint calls edit with a copy of the endpoint, stores the copy and
// returns the copy. The copy arrives with Bootstrapped cleared: an endpoint
// changed by hand does not follow the public URL of the configuration any
// more, unless edit sets Bootstrapped again. The error is of KindNotFound for
// an unknown ID, and of KindInvalid for the reasons of checkEndpoint.
func (s *Service) UpdateEndpoint(id string, edit func(*Endpoint)) (*Endpoint, error) {
	var e Endpoint
	return &e, s.update(func(t *tx) error {
		old, ok := s.endpoints.rows[id]
		if !ok {
			return notFound("endpoint", id)
		}
		e = *old
		e.Bootstrapped = false
		edit(&e)
		e.ID = id
		if err := s.checkEndpoint(&e); err != nil {
			return err
		}
		put(t, s.endpoints, id, &e)
		return nil
	})
}

// DeleteEndpoint deletes an endpoint. The error is of KindNotFound for an
// unknown ID. Bootstrap does not create a deleted endpoint of an existing
// service again.
func (s *Service) DeleteEndpoint(id string) error {
	return s.update(func(t *tx) error {
		if _, ok := s.endpoints.rows[id]; !ok {
			return notFound("endpoint", id)
		}
		drop(t, s.endpoints, id)
		return nil
	})
}
