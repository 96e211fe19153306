package identity

// CreateGroup stores g; an empty ID gets a new one.
func (s *Service) CreateGroup(g Group) (*Group, error) {
	g.ID = idOr(g.ID)
	if err := checkName("group", g.ID, g.Name, maxGroupName); err != nil {
		return nil, err
	}
	return &g, s.update(func(t *tx) error {
		if _, ok := s.domains.rows[g.DomainID]; !ok {
			return notFound("domain", g.DomainID)
		}
		if err := free(s.groups, "group", "", g.ID, &g); err != nil {
			return err
		}
		put(t, s.groups, g.ID, &g)
		return nil
	})
}

const maxGroupName = 64

// Group is the group of that id.
func (s *Service) Group(id string) (*Group, error) { return get(s, s.groups, "group", id) }

// Groups are all that keep (nil: all) says so of, by id.
func (s *Service) Groups(keep func(*Group) bool) []*Group { return list(s, s.groups, keep) }

// UpdateGroup lets edit change a copy and stores it. The domain stays.
func (s *Service) UpdateGroup(id string, edit func(*Group)) (*Group, error) {
	var g Group
	return &g, s.update(func(t *tx) error {
		old, ok := s.groups.rows[id]
		if !ok {
			return notFound("group", id)
		}
		g = *old
		edit(&g)
		g.ID, g.DomainID = id, old.DomainID
		if err := checkName("group", id, g.Name, maxGroupName); err != nil {
			return err
		}
		if err := free(s.groups, "group", id, id, &g); err != nil {
			return err
		}
		put(t, s.groups, id, &g)
		return nil
	})
}

// DeleteGroup deletes a group, its grants and memberships. Where it had grants,
// the tokens of its members end.
func (s *Service) DeleteGroup(id string) error {
	return s.update(func(t *tx) error {
		if _, ok := s.groups.rows[id]; !ok {
			return notFound("group", id)
		}
		if len(s.actorGrants[actorKey("", id)]) > 0 {
			for _, m := range s.memberships.rows {
				if m.GroupID == id {
					s.revokeTx(t, Revocation{UserID: m.UserID})
				}
			}
		}
		s.dropGroup(t, id)
		return nil
	})
}

func (s *Service) dropGroup(t *tx, id string) {
	s.dropGrants(t, func(g *Grant) bool { return g.GroupID == id })
	s.dropMemberships(t, func(m *Membership) bool { return m.GroupID == id })
	drop(t, s.groups, id)
}

func (s *Service) dropMemberships(t *tx, match func(*Membership) bool) {
	for key, m := range s.memberships.rows {
		if match(m) {
			drop(t, s.memberships, key)
		}
	}
}

func (m *Membership) id() string { return m.GroupID + "/" + m.UserID }

func (s *Service) indexMembership(m *Membership) {
	if s.userGroups[m.UserID] == nil {
		s.userGroups[m.UserID] = map[string]struct{}{}
	}
	s.userGroups[m.UserID][m.GroupID] = struct{}{}
}

func (s *Service) unindexMembership(m *Membership) {
	delete(s.userGroups[m.UserID], m.GroupID)
	if len(s.userGroups[m.UserID]) == 0 {
		delete(s.userGroups, m.UserID)
	}
}

// checkMembership finds the group and the user. The caller holds writing or mu.
func (s *Service) checkMembership(m Membership) error {
	if _, ok := s.groups.rows[m.GroupID]; !ok {
		return notFound("group", m.GroupID)
	}
	if _, ok := s.users.rows[m.UserID]; !ok {
		return notFound("user", m.UserID)
	}
	return nil
}

// AddMember puts a user into a group; again is no error.
func (s *Service) AddMember(m Membership) error {
	return s.update(func(t *tx) error {
		if err := s.checkMembership(m); err != nil {
			return err
		}
		if _, ok := s.memberships.rows[m.id()]; !ok {
			put(t, s.memberships, m.id(), &m)
		}
		return nil
	})
}

// HasMember is an error of KindNotFound if the user is not in the group.
func (s *Service) HasMember(m Membership) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.hasMember(m)
}

func (s *Service) hasMember(m Membership) error {
	if err := s.checkMembership(m); err != nil {
		return err
	}
	if _, ok := s.memberships.rows[m.id()]; !ok {
		return &Error{Kind: KindNotFound, Op: "find", Entity: "user", Name: m.UserID,
			Detail: "Could not find user in group: " + m.UserID + " in " + m.GroupID + "."}
	}
	return nil
}

// RemoveMember takes a user out of a group and ends the user's tokens, as
// Keystone does: they do not come back with the membership.
func (s *Service) RemoveMember(m Membership) error {
	return s.update(func(t *tx) error {
		if err := s.hasMember(m); err != nil {
			return err
		}
		drop(t, s.memberships, m.id())
		s.revokeTx(t, Revocation{UserID: m.UserID})
		return nil
	})
}

// Members are the users of a group, by id.
func (s *Service) Members(groupID string) ([]*User, error) {
	if _, err := s.Group(groupID); err != nil {
		return nil, err
	}
	return s.Users(func(u *User) bool {
		_, ok := s.userGroups[u.ID][groupID]
		return ok
	}), nil
}

// GroupsOf are the groups of a user, by id.
func (s *Service) GroupsOf(userID string) ([]*Group, error) {
	if _, err := s.User(userID); err != nil {
		return nil, err
	}
	return s.Groups(func(g *Group) bool {
		_, ok := s.userGroups[userID][g.ID]
		return ok
	}), nil
}
