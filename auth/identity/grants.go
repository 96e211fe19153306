package identity

// id is the row's key. A user's grant that is not inherited has the key that it
// had when there were no others.
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

// actor is who has the grant, for the index.
func (g *Grant) actor() string { return actorKey(g.UserID, g.GroupID) }

func actorKey(userID, groupID string) string {
	if groupID != "" {
		return "group/" + groupID
	}
	return "user/" + userID
}

func (s *Service) indexGrant(g *Grant) {
	actor := g.actor()
	if s.actorGrants[actor] == nil {
		s.actorGrants[actor] = map[Grant]struct{}{}
	}
	s.actorGrants[actor][*g] = struct{}{}
}

func (s *Service) unindexGrant(g *Grant) {
	actor := g.actor()
	delete(s.actorGrants[actor], *g)
	if len(s.actorGrants[actor]) == 0 {
		delete(s.actorGrants, actor)
	}
}

// checkGrant finds what a grant speaks of. The caller holds writing or mu.
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

// domainOf is the domain that a target belongs to, "" for the system.
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
				g.UserID + g.GroupID + ", project, domain, or system: " + grantTarget(g) + "."}
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

// GrantedRoles are the roles that the actor of g was directly given on its
// target, inherited or not as g says; g.RoleID does not matter.
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

// EffectiveRoles are the roles that a user has on a target: granted to them or
// to their groups, inherited, and implied.
func (s *Service) EffectiveRoles(userID string, target Target, targetID string) []*Role {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.effective(userID, target, targetID)
}

// effective needs mu.
func (s *Service) effective(userID string, target Target, targetID string) []*Role {
	var direct []string
	s.eachGrant(userID, target, targetID, func(g Grant) bool {
		direct = append(direct, g.RoleID)
		return true
	})
	return s.expand(direct)
}

// eachGrant calls f with the grants that give a user roles on a target, until f
// says false. It needs mu.
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

// reaches says whether a grant counts on a target. It needs mu.
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
func (s *Service) hasAny(userID string, target Target, targetID string) (has bool) {
	s.eachGrant(userID, target, targetID, func(Grant) bool {
		has = true
		return false
	})
	return has
}
