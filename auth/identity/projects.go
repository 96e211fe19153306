package identity

const (
	maxProjectName = 64
	// maxProjectDepth is Keystone's max_project_tree_depth: projects that stand
	// on one another, with the domain.
	maxProjectDepth = 5
)

// CreateProject stores p; an empty ID gets a new one, an empty ParentID is the
// domain.
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

// Project is the project of that id.
func (s *Service) Project(id string) (*Project, error) { return get(s, s.projects, "project", id) }

// Projects are all that keep (nil: all) says so of, by id.
func (s *Service) Projects(keep func(*Project) bool) []*Project { return list(s, s.projects, keep) }

// UpdateProject lets edit change a copy and stores it. The domain and the
// parent stay.
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

// DeleteProject deletes a project without children, its grants and its tokens.
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

func (s *Service) dropProject(t *tx, id string) {
	s.dropGrants(t, func(g *Grant) bool { return g.Target == OnProject && g.TargetID == id })
	s.dropAppCreds(t, func(a *AppCredential) bool { return a.ProjectID == id })
	s.dropTrusts(t, func(r *Trust) bool { return r.ProjectID == id })
	s.dropCredentials(t, func(c *Credential) bool { return c.ProjectID == id })
	s.dropLimits(t, func(l *Limit) bool { return l.ProjectID == id })
	s.revokeTx(t, Revocation{ProjectID: id})
	drop(t, s.projects, id)
}

// Parents are the projects above one, the nearest first; the domain is none.
func (s *Service) Parents(p *Project) []*Project {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.parents(p)
}

// parents needs mu or writing.
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

// isBelow needs mu or writing.
func (s *Service) isBelow(p *Project, ancestorID string) bool {
	for _, up := range s.parents(p) {
		if up.ID == ancestorID {
			return true
		}
	}
	return false
}

// Subtree is the projects below one, by id.
func (s *Service) Subtree(id string) []*Project {
	return s.Projects(func(p *Project) bool { return s.isBelow(p, id) })
}

// checkParents refuses what is too deep or below something disabled.
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
