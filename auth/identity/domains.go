package identity

// CreateDomain stores d; an empty ID gets a new one.
func (s *Service) CreateDomain(d Domain) (*Domain, error) {
	d.ID = idOr(d.ID)
	if err := checkName("domain", d.ID, d.Name, maxDomainName); err != nil {
		return nil, err
	}
	return &d, s.update(func(t *tx) error {
		if err := free(s.domains, "domain", "", d.ID, &d); err != nil {
			return err
		}
		put(t, s.domains, d.ID, &d)
		return nil
	})
}

const maxDomainName = 64

// Domain is the domain of that id.
func (s *Service) Domain(id string) (*Domain, error) { return get(s, s.domains, "domain", id) }

// Domains are all that keep (nil: all) says so of, by id.
func (s *Service) Domains(keep func(*Domain) bool) []*Domain { return list(s, s.domains, keep) }

// UpdateDomain lets edit change a copy and stores it. Disabling ends the tokens
// of its users, and those on it and its projects.
func (s *Service) UpdateDomain(id string, edit func(*Domain)) (*Domain, error) {
	var d Domain
	return &d, s.update(func(t *tx) error {
		old, ok := s.domains.rows[id]
		if !ok {
			return notFound("domain", id)
		}
		d = *old
		edit(&d)
		d.ID = id
		if err := checkName("domain", id, d.Name, maxDomainName); err != nil {
			return err
		}
		if old.Immutable && d.Immutable {
			return immutable("update", "domain", id)
		}
		if err := free(s.domains, "domain", id, id, &d); err != nil {
			return err
		}
		if old.Enabled && !d.Enabled {
			s.revokeTx(t, Revocation{DomainID: id})
		}
		put(t, s.domains, id, &d)
		return nil
	})
}

// DeleteDomain deletes a disabled domain with its projects, users and roles.
func (s *Service) DeleteDomain(id string) error {
	return s.update(func(t *tx) error {
		d, ok := s.domains.rows[id]
		if !ok {
			return notFound("domain", id)
		}
		if d.Immutable {
			return immutable("delete", "domain", id)
		}
		if d.Enabled {
			return &Error{Kind: KindForbidden, Op: "delete", Entity: "domain", Name: id,
				Detail: "Cannot delete a domain that is enabled, please disable it first."}
		}
		for _, p := range s.projects.rows {
			if p.DomainID == id {
				s.dropProject(t, p.ID)
			}
		}
		for _, u := range s.users.rows {
			if u.DomainID == id {
				s.dropUser(t, u.ID)
			}
		}
		for _, g := range s.groups.rows {
			if g.DomainID == id {
				s.dropGroup(t, g.ID)
			}
		}
		s.dropLimits(t, func(l *Limit) bool { return l.DomainID == id })
		for _, r := range s.roles.rows {
			if r.DomainID == id {
				s.dropRole(t, r.ID)
			}
		}
		s.dropGrants(t, func(g *Grant) bool { return g.Target == OnDomain && g.TargetID == id })
		s.revokeTx(t, Revocation{DomainID: id})
		drop(t, s.domains, id)
		return nil
	})
}
