package identity

import "sort"

// CreateRole stores r; an empty ID gets a new one.
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

// Role is the role of that id.
func (s *Service) Role(id string) (*Role, error) { return get(s, s.roles, "role", id) }

// Roles are all that keep (nil: all) says so of, by id.
func (s *Service) Roles(keep func(*Role) bool) []*Role { return list(s, s.roles, keep) }

// UpdateRole lets edit change a copy and stores it. An immutable role changes
// only by an edit that ends its immutability.
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

// DeleteRole deletes a role with its grants and implications.
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

func immutable(op, entity, id string) error {
	return &Error{Kind: KindForbidden, Op: op, Entity: entity, Name: id,
		Detail: "Unable to " + op + " immutable " + entity + " resource: `" + id + ". " +
			"Set resource option \"immutable\" to false first."}
}

func (s *Service) dropRole(t *tx, id string) {
	s.dropGrants(t, func(g *Grant) bool { return g.RoleID == id })
	for key, i := range s.implications.rows {
		if i.Prior == id || i.Implied == id {
			drop(t, s.implications, key)
		}
	}
	drop(t, s.roles, id)
}

// ImplyRole makes prior imply implied; again is no error. A domain's role is
// implied by those of the same domain alone, and nothing implies admin.
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

// HasImplication finds an implication, or an error of KindNotFound.
func (s *Service) HasImplication(prior, implied string) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.hasImplication(prior, implied)
}

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

// RemoveImplication ends an implication.
func (s *Service) RemoveImplication(prior, implied string) error {
	return s.update(func(t *tx) error {
		if err := s.hasImplication(prior, implied); err != nil {
			return err
		}
		drop(t, s.implications, prior+"/"+implied)
		return nil
	})
}

// Implications are all that keep (nil: all) says so of, by prior and implied
// role.
func (s *Service) Implications(keep func(*Implication) bool) []*Implication {
	return list(s, s.implications, keep)
}

// expand gives the roles with all that they imply: by name, each after what it
// implies. A domain's own role only stands for what it implies. Keystone promises no order; this is one that it was seen to give.
// The caller holds mu.
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

func (s *Service) roleName(id string) string {
	if r := s.roles.rows[id]; r != nil {
		return r.Name
	}
	return ""
}

// ImpliedBy is the role and all that it implies.
func (s *Service) ImpliedBy(id string) []*Role {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.expand([]string{id})
}
