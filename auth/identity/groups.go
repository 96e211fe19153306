// SPDX-License-Identifier: Apache-2.0

package identity

// CreateGroup stores g and returns the stored row. An empty ID is replaced by
// a new ID. The error is of KindInvalid for a bad name, of KindNotFound for an
// unknown domain, and of KindConflict for an ID, or a name in the domain,
// already taken.
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

// maxGroupName is the limit of a group's name in Keystone, in characters.
const maxGroupName = 64

// Group returns the group with the given ID, or an error of KindNotFound.
func (s *Service) Group(id string) (*Group, error) { return get(s, s.groups, "group", id) }

// Groups returns the groups accepted by keep, sorted by ID. A nil keep accepts
// all.
func (s *Service) Groups(keep func(*Group) bool) []*Group { return list(s, s.groups, keep) }

// UpdateGroup calls edit with a copy of the group, stores the copy and returns
// the copy. The ID and the domain cannot change. The error is of KindNotFound
// for an unknown ID, of KindInvalid for a bad name, and of KindConflict for a
// taken name.
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

// DeleteGroup deletes a group with its grants and memberships. If the group
// had a grant, the tokens of all members end, as in Keystone; the deletion of
// a group without grants ends no token. The error is of KindNotFound for an
// unknown ID.
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

// dropGroup deletes a group with its grants and memberships, as a part of t.
// Tokens are left to the caller.
func (s *Service) dropGroup(t *tx, id string) {
	s.dropGrants(t, func(g *Grant) bool { return g.GroupID == id })
	s.dropMemberships(t, func(m *Membership) bool { return m.GroupID == id })
	drop(t, s.groups, id)
}

// dropMemberships deletes the memberships accepted by match, as a part of t.
func (s *Service) dropMemberships(t *tx, match func(*Membership) bool) {
	for key, m := range s.memberships.rows {
		if match(m) {
			drop(t, s.memberships, key)
		}
	}
}

// id returns the key of the membership's row.
func (m *Membership) id() string { return m.GroupID + "/" + m.UserID }

// indexMembership adds a membership to userGroups. The caller holds mu for
// writing.
func (s *Service) indexMembership(m *Membership) {
	if s.userGroups[m.UserID] == nil {
		s.userGroups[m.UserID] = map[string]struct{}{}
	}
	s.userGroups[m.UserID][m.GroupID] = struct{}{}
}

// unindexMembership removes a membership from userGroups. The caller holds mu
// for writing.
func (s *Service) unindexMembership(m *Membership) {
	delete(s.userGroups[m.UserID], m.GroupID)
	if len(s.userGroups[m.UserID]) == 0 {
		delete(s.userGroups, m.UserID)
	}
}

// checkMembership returns an error of KindNotFound unless group and user
// exist. The caller holds writing or mu.
func (s *Service) checkMembership(m Membership) error {
	if _, ok := s.groups.rows[m.GroupID]; !ok {
		return notFound("group", m.GroupID)
	}
	if _, ok := s.users.rows[m.UserID]; !ok {
		return notFound("user", m.UserID)
	}
	return nil
}

// AddMember puts a user into a group. An existing membership is no error. The
// error is of KindNotFound for an unknown group or user.
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

// HasMember returns nil if the user is in the group, and otherwise an error of
// KindNotFound.
func (s *Service) HasMember(m Membership) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.hasMember(m)
}

// hasMember is HasMember for a caller with writing or mu.
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

// RemoveMember takes a user out of a group and ends all tokens of the user, as
// Keystone does. The tokens stay ended if the user joins the group again. The
// error is of KindNotFound if the user is not in the group.
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

// Members returns the users in a group, sorted by ID. The error is of
// KindNotFound for an unknown group.
func (s *Service) Members(groupID string) ([]*User, error) {
	if _, err := s.Group(groupID); err != nil {
		return nil, err
	}
	return s.Users(func(u *User) bool {
		_, ok := s.userGroups[u.ID][groupID]
		return ok
	}), nil
}

// GroupsOf returns the groups of a user, sorted by ID. The error is of
// KindNotFound for an unknown user.
func (s *Service) GroupsOf(userID string) ([]*Group, error) {
	if _, err := s.User(userID); err != nil {
		return nil, err
	}
	return s.Groups(func(g *Group) bool {
		_, ok := s.userGroups[userID][g.ID]
		return ok
	}), nil
}
