// SPDX-License-Identifier: Apache-2.0

package identity

// id returns the key of the grant's row. A user's direct grant has the key of
// the first version of the store, from before groups and inheritance: "group/"
// and "/inherited" mark the newer kinds.
func (g *Grant) id() string {
	id := g.UserID + "/" + string(g.Target) + "/" + g.TargetID + "/" + g.RoleID
	if g.GroupID != "" {
		id = "group/" + g.GroupID + id
	}
	if g.Inherited {
		id += "/inherited"
	}
	return id
}

// actor returns the grant's key in the index actorGrants.
func (g *Grant) actor() string { return actorKey(g.UserID, g.GroupID) }

// actorKey returns the key of a group, or of a user if groupID is "". The
// prefix keeps a user and a group of the same ID apart.
func actorKey(userID, groupID string) string {
	if groupID != "" {
		return "group/" + groupID
	}
	return "user/" + userID
}

// indexGrant adds a grant to actorGrants. The caller holds mu for writing.
func (s *Service) indexGrant(g *Grant) {
	actor := g.actor()
	if s.actorGrants[actor] == nil {
		s.actorGrants[actor] = map[Grant]struct{}{}
	}
	s.actorGrants[actor][*g] = struct{}{}
}

// unindexGrant removes a grant from actorGrants. The caller holds mu for
// writing.
func (s *Service) unindexGrant(g *Grant) {
	actor := g.actor()
	delete(s.actorGrants[actor], *g)
	if len(s.actorGrants[actor]) == 0 {
		delete(s.actorGrants, actor)
	}
}

// checkGrant returns an error of KindNotFound unless role, user or group, and
// target exist. A domain's role cannot be granted on a target of a different
// domain: the error is of KindForbidden. The caller holds writing or mu.
func (s *Service) checkGrant(g Grant) error {
	role, ok := s.roles.rows[g.RoleID]
	if !ok {
		return notFound("role", g.RoleID)
	}
	if err := s.checkActor(g); err != nil {
		return err
	}
	if err := s.checkTarget(g.Target, g.TargetID); err != nil {
		return err
	}
	if role.DomainID != "" && role.DomainID != s.domainOf(g.Target, g.TargetID) {
		return &Error{Kind: KindForbidden, Op: "grant", Entity: "role", Name: g.RoleID,
			Detail: "Project " + g.TargetID + " must be in the same domain as the role " + g.RoleID + " being assigned."}
	}
	return nil
}

// checkActor returns an error of KindNotFound unless the grant's group, or else
// user, exists. The caller holds writing or mu.
func (s *Service) checkActor(g Grant) error {
	if g.GroupID != "" {
		if _, ok := s.groups.rows[g.GroupID]; !ok {
			return notFound("group", g.GroupID)
		}
		return nil
	}
	if _, ok := s.users.rows[g.UserID]; !ok {
		return notFound("user", g.UserID)
	}
	return nil
}

// domainOf returns the ID of the domain around a target: the domain itself, or
// the project's domain. The result is "" for the system and an unknown
// project. The caller holds writing or mu.
func (s *Service) domainOf(target Target, id string) string {
	switch target {
	case OnDomain:
		return id
	case OnProject:
		if p := s.projects.rows[id]; p != nil {
			return p.DomainID
		}
	}
	return ""
}

// checkTarget returns an error of KindNotFound unless the target exists. The
// system's ID must be "". The caller holds writing or mu.
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

// AddGrant stores g. An existing grant is no error. The error is of
// KindNotFound for an unknown role, user, group or target, and of
// KindForbidden for a domain's role on a target of a different domain.
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

// HasGrant returns nil if g is stored, as given: roles through a group,
// inheritance or implication do not count. Otherwise the error is of
// KindNotFound.
func (s *Service) HasGrant(g Grant) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.hasGrant(g)
}

// hasGrant is HasGrant for a caller with writing or mu.
func (s *Service) hasGrant(g Grant) error {
	if err := s.checkGrant(g); err != nil {
		return err
	}
	if _, ok := s.grants.rows[g.id()]; !ok {
		return &Error{Kind: KindNotFound, Op: "find", Entity: "role assignment", Name: g.RoleID,
			Detail: "Could not find role assignment with role: " + g.RoleID + ", user or group: " +
				g.UserID + g.GroupID + ", project, domain, or system: " + grantTarget(g) + "."}
	}
	return nil
}

// grantTarget returns the target's ID as shown in Keystone's messages.
func grantTarget(g Grant) string {
	if g.Target == OnSystem {
		return string(OnSystem)
	}
	return g.TargetID
}

// RemoveGrant deletes a grant. Tokens lose the role at their next validation.
// The error is of KindNotFound if g is not stored.
func (s *Service) RemoveGrant(g Grant) error {
	return s.update(func(t *tx) error {
		if err := s.hasGrant(g); err != nil {
			return err
		}
		drop(t, s.grants, g.id())
		return nil
	})
}

// Grants returns the grants accepted by keep, sorted by key. A nil keep accepts
// all.
func (s *Service) Grants(keep func(*Grant) bool) []*Grant { return list(s, s.grants, keep) }

// GrantedRoles returns the roles granted to g's user or group on g's target,
// sorted by the grants' keys. Only grants with g's value of Inherited count;
// g.RoleID is ignored. The error is of KindNotFound for an unknown user, group
// or target.
func (s *Service) GrantedRoles(g Grant) ([]*Role, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.checkActor(g); err != nil {
		return nil, err
	}
	if err := s.checkTarget(g.Target, g.TargetID); err != nil {
		return nil, err
	}
	out := []*Role{}
	for _, other := range s.grants.sorted() {
		g.RoleID = other.RoleID
		if *other == g {
			out = append(out, s.roles.rows[g.RoleID])
		}
	}
	return out, nil
}

// EffectiveRoles returns all roles of a user on a target: roles granted to the
// user or to a group of the user, on the target or inherited from above, and
// roles implied by granted roles. A domain's own roles are left out.
func (s *Service) EffectiveRoles(userID string, target Target, targetID string) []*Role {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.effective(userID, target, targetID)
}

// effective is EffectiveRoles for a caller with mu or writing.
func (s *Service) effective(userID string, target Target, targetID string) []*Role {
	var direct []string
	s.eachGrant(userID, target, targetID, func(g Grant) bool {
		direct = append(direct, g.RoleID)
		return true
	})
	return s.expand(direct)
}

// eachGrant calls f with each grant of the user, or of a group of the user, in
// effect on the target, in no order. eachGrant ends when f returns false. The
// caller holds mu or writing.
func (s *Service) eachGrant(userID string, target Target, targetID string, f func(Grant) bool) {
	actors := []string{actorKey(userID, "")}
	for group := range s.userGroups[userID] {
		actors = append(actors, actorKey("", group))
	}
	for _, actor := range actors {
		for g := range s.actorGrants[actor] {
			if s.reaches(g, target, targetID) && !f(g) {
				return
			}
		}
	}
}

// reaches reports whether a grant is in effect on a target. A direct grant is
// in effect on its own target alone. An inherited grant is in effect on the
// projects below its target, and never on the target itself. The caller holds
// mu or writing.
func (s *Service) reaches(g Grant, target Target, targetID string) bool {
	if !g.Inherited {
		return g.Target == target && g.TargetID == targetID
	}
	if target != OnProject {
		return false
	}
	p := s.projects.rows[targetID]
	if p == nil {
		return false
	}
	if g.Target == OnDomain {
		return g.TargetID == p.DomainID
	}
	return g.Target == OnProject && s.isBelow(p, g.TargetID)
}

// dropGrants deletes the grants accepted by match, as a part of t.
func (s *Service) dropGrants(t *tx, match func(*Grant) bool) {
	for id, g := range s.grants.rows {
		if match(g) {
			drop(t, s.grants, id)
		}
	}
}

// UserProjects returns the enabled projects on which the user has a role,
// sorted by ID.
func (s *Service) UserProjects(userID string) []*Project {
	return list(s, s.projects, func(p *Project) bool {
		return p.Enabled && s.hasAny(userID, OnProject, p.ID)
	})
}

// UserDomains returns the enabled domains on which the user has a role, sorted
// by ID. A role inherited from the domain by projects is no role on the
// domain.
func (s *Service) UserDomains(userID string) []*Domain {
	return list(s, s.domains, func(d *Domain) bool {
		return d.Enabled && s.hasAny(userID, OnDomain, d.ID)
	})
}

// hasAny reports whether the user has a grant in effect on the target. The
// caller holds mu.
func (s *Service) hasAny(userID string, target Target, targetID string) (has bool) {
	s.eachGrant(userID, target, targetID, func(Grant) bool {
		has = true
		return false
	})
	return has
}
