package identity

import "slices"

// interfaces are the kinds of endpoints.
var interfaces = []string{"public", "internal", "admin"}

// maxURLBytes bounds an endpoint's URL.
const maxURLBytes = 2048

// CreateEndpoint stores e; an empty ID gets a new one.
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

// Endpoint is the endpoint of that id.
func (s *Service) Endpoint(id string) (*Endpoint, error) { return get(s, s.endpoints, "endpoint", id) }

// Endpoints are all that keep (nil: all) says so of, by id.
func (s *Service) Endpoints(keep func(*Endpoint) bool) []*Endpoint {
	return list(s, s.endpoints, keep)
}

// UpdateEndpoint lets edit change a copy and stores it. A URL changed by hand no
// longer follows the configuration.
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

// DeleteEndpoint deletes an endpoint.
func (s *Service) DeleteEndpoint(id string) error {
	return s.update(func(t *tx) error {
		if _, ok := s.endpoints.rows[id]; !ok {
			return notFound("endpoint", id)
		}
		drop(t, s.endpoints, id)
		return nil
	})
}
