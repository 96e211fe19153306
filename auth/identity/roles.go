// SPDX-License-Identifier: Apache-2.0

package identity

import "sort"

// CreateRole stores r and returns the stored row. An empty ID is replaced by a
// new ID. The error is of KindInvalid for a bad name, of KindNotFound for an
// unknown domain, and of KindConflict for an ID, or a name in the domain or
// among global roles, already taken.
func (s *Service) CreateRole(r Role) (*Role, error) {
	r.ID = idOr(r.ID)
	if err := checkName("role", r.ID, r.Name, maxNameChars); err != nil {
		return nil, err
	}
	return &r, s.update(func(t *tx) error {
		if _, ok := s.domains.rows[r.DomainID]; !ok && r.DomainID != "" {
			return notFound("domain", r.DomainID)
		}
		if err := free(s.roles, "role", "", r.ID, &r); err != nil {
			return err
		}
		put(t, s.roles, r.ID, &r)
		return nil
	})
}

// Role returns the role with the given ID, or an error of KindNotFound.
func (s *Service) Role(id string) (*Role, error) { return get(s, s.roles, "role", id) }

// Roles returns the roles accepted by keep, sorted by ID. A nil keep accepts
// all.
func (s *Service) Roles(keep func(*Role) bool) []*Role { return list(s, s.roles, keep) }

// UpdateRole calls edit with a copy of the role, stores the copy and returns
// the copy. The ID and the domain cannot change. The error is of KindNotFound
// for an unknown ID, of KindForbidden for an immutable role (unless edit ends
// the immutability), of KindInvalid for a bad name, and of KindConflict for a
// taken name.
func (s *Service) UpdateRole(id string, edit func(*Role)) (*Role, error) {
	var r Role
	return &r, s.update(func(t *tx) error {
		old, ok := s.roles.rows[id]
		if !ok {
			return notFound("role", id)
		}
		r = *old
		edit(&r)
		r.ID, r.DomainID = id, old.DomainID
		if old.Immutable && r.Immutable {
			return immutable("update", "role", id)
		}
		if err := checkName("role", id, r.Name, maxNameChars); err != nil {
			return err
		}
		if err := free(s.roles, "role", id, id, &r); err != nil {
			return err
		}
		put(t, s.roles, id, &r)
		return nil
	})
}

// DeleteRole deletes a role with all grants of the role and all implications
// from or to the role. The error is of KindNotFound for an unknown ID, and of
// KindForbidden for an immutable role.
func (s *Service) DeleteRole(id string) error {
	return s.update(func(t *tx) error {
		r, ok := s.roles.rows[id]
		if !ok {
			return notFound("role", id)
		}
		if r.Immutable {
			return immutable("delete", "role", id)
		}
		s.dropRole(t, id)
		return nil
	})
}

// immutable returns an error of KindForbidden with Keystone's message for a
// change (op) of an immutable row.
func immutable(op, entity, id string) error {
	return &Error{Kind: KindForbidden, Op: op, Entity: entity, Name: id,
		Detail: "Unable to " + op + " immutable " + entity + " resource: `" + id + ". " +
			"Set resource option \"immutable\" to false first."}
}

// dropRole deletes a role with its grants and implications, as a part of t.
func (s *Service) dropRole(t *tx, id string) {
	s.dropGrants(t, func(g *Grant) bool { return g.RoleID == id })
	for key, i := range s.implications.rows {
		if i.Prior == id || i.Implied == id {
			drop(t, s.implications, key)
		}
	}
	drop(t, s.roles, id)
}

// ImplyRole makes the role prior imply the role implied. An existing
// implication is no error. The error is of KindNotFound for an unknown role.
// The error is of KindForbidden if implied is a role of a domain and prior is
// not of the same domain, and if implied is the global role admin: admin must
// be granted explicitly.
func (s *Service) ImplyRole(prior, implied string) error {
	return s.update(func(t *tx) error {
		for _, id := range []string{prior, implied} {
			if _, ok := s.roles.rows[id]; !ok {
				return notFound("role", id)
			}
		}
		if d := s.roles.rows[implied].DomainID; d != "" && d != s.roles.rows[prior].DomainID {
			return &Error{Kind: KindForbidden, Op: "imply", Entity: "role", Name: implied,
				Detail: "Domain specific role " + implied + " cannot be implied by a role of another domain."}
		}
		if s.roles.rows[implied].Name == "admin" && s.roles.rows[implied].DomainID == "" {
			return &Error{Kind: KindForbidden, Op: "imply", Entity: "role", Name: implied,
				Detail: implied + " cannot be an implied roles."}
		}
		key := prior + "/" + implied
		if _, ok := s.implications.rows[key]; !ok {
			put(t, s.implications, key, &Implication{Prior: prior, Implied: implied})
		}
		return nil
	})
}

// HasImplication returns nil if prior implies implied directly, and otherwise
// an error of KindNotFound.
func (s *Service) HasImplication(prior, implied string) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.hasImplication(prior, implied)
}

// hasImplication is HasImplication for a caller with writing or mu.
func (s *Service) hasImplication(prior, implied string) error {
	for _, id := range []string{prior, implied} {
		if _, ok := s.roles.rows[id]; !ok {
			return notFound("role", id)
		}
	}
	if _, ok := s.implications.rows[prior+"/"+implied]; !ok {
		return &Error{Kind: KindNotFound, Op: "find", Entity: "implied role", Name: implied,
			Detail: prior + " does not imply " + implied + "."}
	}
	return nil
}

// RemoveImplication deletes an implication. The error is of KindNotFound if
// prior does not imply implied.
func (s *Service) RemoveImplication(prior, implied string) error {
	return s.update(func(t *tx) error {
		if err := s.hasImplication(prior, implied); err != nil {
			return err
		}
		drop(t, s.implications, prior+"/"+implied)
		return nil
	})
}

// Implications returns the implications accepted by keep, sorted by the IDs of
// prior and implied role. A nil keep accepts all.
func (s *Service) Implications(keep func(*Implication) bool) []*Implication {
	return list(s, s.implications, keep)
}

// expand returns the roles of direct and all roles implied, directly or in
// steps, each role once. Cycles of implications are allowed. A domain's own
// role is left out of the result; the roles implied by the role are in.
// Unknown IDs are ignored. direct is sorted in place.
//
// The order is by name, each role after the roles implied by the role.
// Keystone promises no order; a real Keystone was seen to answer in this
// order. The caller holds mu or writing.
func (s *Service) expand(direct []string) []*Role {
	sort.Slice(direct, func(i, j int) bool { return s.roleName(direct[i]) < s.roleName(direct[j]) })
	var out []*Role
	seen := map[string]bool{}
	var visit func(id string)
	visit = func(id string) {
		role := s.roles.rows[id]
		if role == nil || seen[id] {
			return
		}
		seen[id] = true
		for _, i := range s.implications.sorted() {
			if i.Prior == id {
				visit(i.Implied)
			}
		}
		if role.DomainID == "" {
			out = append(out, role)
		}
	}
	for _, id := range direct {
		visit(id)
	}
	return out
}

// roleName returns the name of a role, "" for an unknown ID. The caller holds
// mu or writing.
func (s *Service) roleName(id string) string {
	if r := s.roles.rows[id]; r != nil {
		return r.Name
	}
	return ""
}

// ImpliedBy returns the role and all roles implied by the role, in steps too.
// The result is empty for an unknown ID.
func (s *Service) ImpliedBy(id string) []*Role {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.expand([]string{id})
}
