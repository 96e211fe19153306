package identity

import "slices"

// Assignment is a role that somebody has on a target, and how they came by it.
type Assignment struct {
	// Grant is who has which role where. Of a grant as it was given, it is the
	// grant; of an effective one, the user, the target where it counts, and the
	// role that counts. It is inherited if it was or will be.
	Grant
	// Group is the group that the user has it through, "" for none.
	Group string
	// From is the target that it is inherited from, for an effective one.
	From *Grant
	// Prior is the role that implies this one, "" for none.
	Prior string
}

// Assignments are all grants as they were given.
func (s *Service) Assignments() []Assignment {
	out := []Assignment{}
	for _, g := range s.Grants(nil) {
		out = append(out, Assignment{Grant: *g})
	}
	return out
}

// EffectiveAssignments are all roles that users have: those of groups for each
// member, inherited ones on each project, and implied ones.
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

// withImplied is a and the roles that its role implies. The caller holds mu.
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
