// SPDX-License-Identifier: Apache-2.0

package identity

const (
	// maxProjectName is the limit of a project's name in Keystone, in
	// characters.
	maxProjectName = 64
	// maxProjectDepth is Keystone's default of max_project_tree_depth: the
	// largest number of levels of a tree. The domain is the first level.
	maxProjectDepth = 5
)

// CreateProject stores p and returns the stored row. An empty ID is replaced
// by a new ID, an empty ParentID by the domain's ID.
//
// The error is of KindInvalid for a bad name, an unknown domain, or a parent
// unknown or of a different domain. The error is of KindForbidden below a
// disabled project or below maxProjectDepth levels, and of KindConflict for an
// ID, or a name in the domain, already taken.
func (s *Service) CreateProject(p Project) (*Project, error) {
	p.ID = idOr(p.ID)
	if p.ParentID == "" {
		p.ParentID = p.DomainID
	}
	if err := checkName("project", p.ID, p.Name, maxProjectName); err != nil {
		return nil, err
	}
	return &p, s.update(func(t *tx) error {
		if _, ok := s.domains.rows[p.DomainID]; !ok {
			return invalid("project", "Could not find domain: "+p.DomainID+".")
		}
		if parent, ok := s.projects.rows[p.ParentID]; p.ParentID != p.DomainID && (!ok || parent.DomainID != p.DomainID) {
			return invalid("project", "Could not find project: "+p.ParentID+".")
		}
		if err := s.checkParents(&p); err != nil {
			return err
		}
		if err := free(s.projects, "project", "", p.ID, &p); err != nil {
			return err
		}
		put(t, s.projects, p.ID, &p)
		return nil
	})
}

// Project returns the project with the given ID, or an error of KindNotFound.
func (s *Service) Project(id string) (*Project, error) { return get(s, s.projects, "project", id) }

// Projects returns the projects accepted by keep, sorted by ID. A nil keep
// accepts all.
func (s *Service) Projects(keep func(*Project) bool) []*Project { return list(s, s.projects, keep) }

// UpdateProject calls edit with a copy of the project, stores the copy and
// returns the copy. The ID, the domain and the parent cannot change. Disabling
// a project ends all tokens scoped to the project.
//
// The error is of KindNotFound for an unknown ID, of KindInvalid for a bad
// name, of KindConflict for a taken name, and of KindForbidden for an
// immutable project (unless edit ends the immutability) and for enabling a
// project below a disabled project.
func (s *Service) UpdateProject(id string, edit func(*Project)) (*Project, error) {
	var p Project
	return &p, s.update(func(t *tx) error {
		old, ok := s.projects.rows[id]
		if !ok {
			return notFound("project", id)
		}
		p = *old
		edit(&p)
		p.ID, p.DomainID, p.ParentID = id, old.DomainID, old.ParentID
		if err := checkName("project", id, p.Name, maxProjectName); err != nil {
			return err
		}
		if err := free(s.projects, "project", id, id, &p); err != nil {
			return err
		}
		if old.Immutable && p.Immutable {
			return immutable("update", "project", id)
		}
		if !old.Enabled && p.Enabled {
			if err := s.checkParents(&p); err != nil {
				return err
			}
		}
		if old.Enabled && !p.Enabled {
			s.revokeTx(t, Revocation{ProjectID: id})
		}
		put(t, s.projects, id, &p)
		return nil
	})
}

// DeleteProject deletes a project with its grants, application credentials,
// trusts, credentials and limits, and ends all tokens scoped to the project.
// The error is of KindNotFound for an unknown ID, and of KindForbidden for an
// immutable project or a project with children.
func (s *Service) DeleteProject(id string) error {
	return s.update(func(t *tx) error {
		old, ok := s.projects.rows[id]
		if !ok {
			return notFound("project", id)
		}
		if old.Immutable {
			return immutable("delete", "project", id)
		}
		for _, p := range s.projects.rows {
			if p.ParentID == id {
				return &Error{Kind: KindForbidden, Op: "delete", Entity: "project", Name: id,
					Detail: "Cannot delete the project " + id + " since it is not a leaf in the hierarchy. " +
						"Use the cascade option if you want to delete a whole subtree."}
			}
		}
		s.dropProject(t, id)
		return nil
	})
}

// dropProject deletes a project and all rows about the project, as a part of
// t. Child projects stay; the caller has checked for children or deletes them
// too.
func (s *Service) dropProject(t *tx, id string) {
	s.dropGrants(t, func(g *Grant) bool { return g.Target == OnProject && g.TargetID == id })
	s.dropAppCreds(t, func(a *AppCredential) bool { return a.ProjectID == id })
	s.dropTrusts(t, func(r *Trust) bool { return r.ProjectID == id })
	s.dropCredentials(t, func(c *Credential) bool { return c.ProjectID == id })
	s.dropLimits(t, func(l *Limit) bool { return l.ProjectID == id })
	s.revokeTx(t, Revocation{ProjectID: id})
	drop(t, s.projects, id)
}

// Parents returns the projects above p, the nearest first. The domain at the
// top is no project and is left out.
func (s *Service) Parents(p *Project) []*Project {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.parents(p)
}

// parents is Parents for a caller with mu or writing. The bound ends the loop
// should a damaged store hold a cycle.
func (s *Service) parents(p *Project) (out []*Project) {
	for len(out) < maxProjectDepth {
		up := s.projects.rows[p.ParentID]
		if up == nil {
			break
		}
		out, p = append(out, up), up
	}
	return out
}

// isBelow reports whether the project of ancestorID is above p, at any
// distance. The caller holds mu or writing.
func (s *Service) isBelow(p *Project, ancestorID string) bool {
	for _, up := range s.parents(p) {
		if up.ID == ancestorID {
			return true
		}
	}
	return false
}

// Subtree returns the projects below a project, at any depth, sorted by ID.
func (s *Service) Subtree(id string) []*Project {
	return s.Projects(func(p *Project) bool { return s.isBelow(p, id) })
}

// checkParents returns an error of KindForbidden for a project deeper than
// maxProjectDepth levels, or below a disabled project. The caller holds
// writing.
func (s *Service) checkParents(p *Project) error {
	parents := s.parents(p)
	if len(parents)+2 > maxProjectDepth {
		return &Error{Kind: KindForbidden, Op: "create", Entity: "project", Name: p.ID,
			Detail: "Max hierarchy depth reached for " + p.ParentID + " branch."}
	}
	for _, up := range parents {
		if !up.Enabled {
			return &Error{Kind: KindForbidden, Op: "create", Entity: "project", Name: p.ID,
				Detail: "Cannot enable project " + p.ID + " since it has disabled parents."}
		}
	}
	return nil
}
