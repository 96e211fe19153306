// SPDX-License-Identifier: Apache-2.0

package identity

import "slices"

// Assignment is a role of a user or group on a target, with its origin.
type Assignment struct {
	// Grant is the stored grant in the list of Assignments. In the list of
	// EffectiveAssignments, Grant is computed: UserID is a member for a
	// group's grant, TargetID is the project for an inherited grant, and
	// RoleID is the implied role for an implication. Inherited is copied from
	// the stored grant.
	Grant
	// Group is the ID of the group with the stored grant; "" for a user's
	// grant.
	Group string
	// From is the stored grant above an inherited effective assignment, else
	// nil.
	From *Grant
	// Prior is the ID of the granted role if RoleID is implied, else "".
	Prior string
}

// Assignments returns all stored grants, sorted by key: inherited grants,
// groups' grants and implications are not resolved.
func (s *Service) Assignments() []Assignment {
	out := []Assignment{}
	for _, g := range s.Grants(nil) {
		out = append(out, Assignment{Grant: *g})
	}
	return out
}

// EffectiveAssignments returns every role of every user: a group's grant for
// each member, an inherited grant for each project below its target, and each
// role with its implied roles. A group without members adds no assignment. A
// role reached by two grants is listed twice, as in Keystone's ?effective
// listing.
func (s *Service) EffectiveAssignments() []Assignment {
	s.mu.RLock()
	defer s.mu.RUnlock()
	out := []Assignment{}
	memberships, projects := s.memberships.sorted(), s.projects.sorted()
	for _, g := range s.grants.sorted() {
		direct := []Assignment{{Grant: *g}}
		if g.GroupID != "" {
			direct = nil
			for _, m := range memberships {
				if m.GroupID == g.GroupID {
					of := *g
					of.UserID, of.GroupID = m.UserID, ""
					direct = append(direct, Assignment{Grant: of, Group: g.GroupID})
				}
			}
		}
		for _, a := range direct {
			if !g.Inherited {
				out = append(out, s.withImplied(a)...)
				continue
			}
			for _, p := range projects {
				if s.reaches(*g, OnProject, p.ID) {
					on := a
					on.Target, on.TargetID, on.From = OnProject, p.ID, g
					out = append(out, s.withImplied(on)...)
				}
			}
		}
	}
	return out
}

// withImplied returns a followed by an assignment for each role implied by a's
// role. A domain's own role is replaced by the roles implied. The caller holds
// mu.
func (s *Service) withImplied(a Assignment) (out []Assignment) {
	roles := s.expand([]string{a.RoleID})
	slices.Reverse(roles) // the role itself first
	for _, r := range roles {
		implied := a
		if r.ID != a.RoleID {
			implied.RoleID, implied.Prior = r.ID, a.RoleID
		}
		out = append(out, implied)
	}
	return out
}
