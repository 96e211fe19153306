package identity

func (g *Grant) id() string {
	return g.UserID + "/" + string(g.Target) + "/" + g.TargetID + "/" + g.RoleID
}

func (s *Service) indexGrant(g *Grant) {
	if s.userGrants[g.UserID] == nil {
		s.userGrants[g.UserID] = map[Grant]struct{}{}
	}
	s.userGrants[g.UserID][*g] = struct{}{}
}

func (s *Service) unindexGrant(g *Grant) {
	delete(s.userGrants[g.UserID], *g)
	if len(s.userGrants[g.UserID]) == 0 {
		delete(s.userGrants, g.UserID)
	}
}

// checkGrant finds what a grant speaks of. The caller holds writing or mu.
func (s *Service) checkGrant(g Grant) error {
	if _, ok := s.roles.rows[g.RoleID]; !ok {
		return notFound("role", g.RoleID)
	}
	if _, ok := s.users.rows[g.UserID]; !ok {
		return notFound("user", g.UserID)
	}
	return s.checkTarget(g.Target, g.TargetID)
}

func (s *Service) checkTarget(target Target, id string) error {
	ok := id == ""
	switch target {
	case OnProject:
		_, ok = s.projects.rows[id]
	case OnDomain:
		_, ok = s.domains.rows[id]
	}
	if !ok {
		return notFound(string(target), id)
	}
	return nil
}

// AddGrant stores g; again is no error.
func (s *Service) AddGrant(g Grant) error {
	return s.update(func(t *tx) error {
		if err := s.checkGrant(g); err != nil {
			return err
		}
		if _, ok := s.grants.rows[g.id()]; !ok {
			put(t, s.grants, g.id(), &g)
		}
		return nil
	})
}

// HasGrant finds a grant, or an error of KindNotFound.
func (s *Service) HasGrant(g Grant) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.hasGrant(g)
}

func (s *Service) hasGrant(g Grant) error {
	if err := s.checkGrant(g); err != nil {
		return err
	}
	if _, ok := s.grants.rows[g.id()]; !ok {
		return &Error{Kind: KindNotFound, Op: "find", Entity: "role assignment", Name: g.RoleID,
			Detail: "Could not find role assignment with role: " + g.RoleID + ", user or group: " +
				g.UserID + ", project, domain, or system: " + grantTarget(g) + "."}
	}
	return nil
}

func grantTarget(g Grant) string {
	if g.Target == OnSystem {
		return string(OnSystem)
	}
	return g.TargetID
}

// RemoveGrant deletes a grant.
func (s *Service) RemoveGrant(g Grant) error {
	return s.update(func(t *tx) error {
		if err := s.hasGrant(g); err != nil {
			return err
		}
		drop(t, s.grants, g.id())
		return nil
	})
}

// Grants are all that keep (nil: all) says so of.
func (s *Service) Grants(keep func(*Grant) bool) []*Grant { return list(s, s.grants, keep) }

// GrantedRoles are the roles that a user was directly given on a target.
func (s *Service) GrantedRoles(userID string, target Target, targetID string) ([]*Role, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if _, ok := s.users.rows[userID]; !ok {
		return nil, notFound("user", userID)
	}
	if err := s.checkTarget(target, targetID); err != nil {
		return nil, err
	}
	out := []*Role{}
	for _, g := range s.grants.sorted() {
		if g.UserID == userID && g.Target == target && g.TargetID == targetID {
			out = append(out, s.roles.rows[g.RoleID])
		}
	}
	return out, nil
}

// EffectiveRoles are the roles that a user has on a target, implied ones
// included.
func (s *Service) EffectiveRoles(userID string, target Target, targetID string) []*Role {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.effective(userID, target, targetID)
}

// effective needs mu.
func (s *Service) effective(userID string, target Target, targetID string) []*Role {
	var direct []string
	for g := range s.userGrants[userID] {
		if g.Target == target && g.TargetID == targetID {
			direct = append(direct, g.RoleID)
		}
	}
	return s.expand(direct)
}

func (s *Service) dropGrants(t *tx, match func(*Grant) bool) {
	for id, g := range s.grants.rows {
		if match(g) {
			drop(t, s.grants, id)
		}
	}
}

// UserProjects are the enabled projects on which a user has a role.
func (s *Service) UserProjects(userID string) []*Project {
	return list(s, s.projects, func(p *Project) bool {
		return p.Enabled && s.hasAny(userID, OnProject, p.ID)
	})
}

// UserDomains are the enabled domains on which a user has a role.
func (s *Service) UserDomains(userID string) []*Domain {
	return list(s, s.domains, func(d *Domain) bool {
		return d.Enabled && s.hasAny(userID, OnDomain, d.ID)
	})
}

// hasAny needs mu.
func (s *Service) hasAny(userID string, target Target, targetID string) bool {
	for g := range s.userGrants[userID] {
		if g.Target == target && g.TargetID == targetID {
			return true
		}
	}
	return false
}
