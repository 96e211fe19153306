// SPDX-License-Identifier: Apache-2.0

package identity

// CreateDomain stores d and returns the stored row. An empty ID is replaced by
// a new ID. The error is of KindInvalid for a bad name, and of KindConflict
// for a taken ID or name.
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

// maxDomainName is the limit of a domain's name in Keystone, in characters.
const maxDomainName = 64

// Domain returns the domain with the given ID, or an error of KindNotFound.
func (s *Service) Domain(id string) (*Domain, error) { return get(s, s.domains, "domain", id) }

// Domains returns the domains accepted by keep, sorted by ID. A nil keep
// accepts all.
func (s *Service) Domains(keep func(*Domain) bool) []*Domain { return list(s, s.domains, keep) }

// UpdateDomain calls edit with a copy of the domain, stores the copy and
// returns the copy. Disabling a domain ends the tokens of the domain's users
// and all tokens scoped to the domain or to a project of the domain.
//
// The error is of KindNotFound for an unknown ID, of KindInvalid for a bad
// name, of KindForbidden for an immutable domain (unless edit ends the
// immutability), and of KindConflict for a taken name.
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

// DeleteDomain deletes a domain with its projects, users, groups, roles,
// limits and grants, and ends all tokens of the domain. The error is of
// KindForbidden for an enabled or immutable domain: a domain must be disabled
// first, as in Keystone.
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
