package identity

import (
	"slices"

	"needletail/auth/token"
)

// maxTrusts bounds what one user may give away.
const maxTrusts = 1000

// CreateTrust stores r; an empty ID gets a new one. The trustor must have the
// roles on the project.
func (s *Service) CreateTrust(r Trust, d Redelegation) (*Trust, error) {
	r.ID = idOr(r.ID)
	refused := func(why string) error {
		return &Error{Kind: KindForbidden, Op: "create", Entity: "trust", Detail: why}
	}
	return &r, s.update(func(t *tx) error {
		for _, id := range []string{r.TrustorID, r.TrusteeID} {
			if _, ok := s.users.rows[id]; !ok {
				return notFound("user", id)
			}
		}
		if _, ok := s.projects.rows[r.ProjectID]; !ok && r.ProjectID != "" {
			return notFound("project", r.ProjectID)
		}
		if r.ProjectID != "" && len(r.RoleIDs) == 0 {
			return refused("You are not authorized to perform the requested action: At least one role should be specified.")
		}
		has := s.effective(r.TrustorID, OnProject, r.ProjectID)
		for _, id := range r.RoleIDs {
			if !slices.ContainsFunc(has, func(role *Role) bool { return role.ID == id }) {
				return notFound("role", id)
			}
		}
		if err := s.redelegate(&r, d); err != nil {
			return err
		}
		n := 0
		for _, other := range s.trusts.rows {
			if other.TrustorID == r.TrustorID {
				n++
			}
		}
		if n >= maxTrusts {
			return refused("The user has too many trusts.")
		}
		put(t, s.trusts, r.ID, &r)
		return nil
	})
}

// Trust is the trust of that id, unless it has expired or been used up.
func (s *Service) Trust(id string) (*Trust, error) {
	r, err := get(s, s.trusts, "trust", id)
	if err == nil && (s.trustEnded(r) || r.usedUp()) {
		return nil, notFound("trust", id)
	}
	return r, err
}

// Trusts are all that keep (nil: all) says so of, by id.
func (s *Service) Trusts(keep func(*Trust) bool) []*Trust { return list(s, s.trusts, keep) }

// DeleteTrust deletes a trust and those made with it, and with them their
// tokens.
func (s *Service) DeleteTrust(id string) error {
	return s.update(func(t *tx) error {
		if _, ok := s.trusts.rows[id]; !ok {
			return notFound("trust", id)
		}
		s.dropTrusts(t, func(r *Trust) bool { return r.ID == id })
		return nil
	})
}

func (s *Service) trustEnded(r *Trust) bool {
	return r.ExpiresAt != nil && !s.opt.Clock().Before(*r.ExpiresAt)
}

func (r *Trust) usedUp() bool { return r.RemainingUses != nil && *r.RemainingUses <= 0 }

// useTrust counts a token of a trust that has a number of uses.
func (s *Service) useTrust(id string) error {
	return s.update(func(t *tx) error {
		old := s.trusts.rows[id]
		if old == nil || s.trustEnded(old) {
			return unauthorized("no such trust")
		}
		if old.RemainingUses == nil {
			return nil
		}
		if old.usedUp() {
			return &Error{Kind: KindForbidden, Op: "use", Entity: "trust", Name: id,
				Detail: "No remaining uses for trust: " + id + "."}
		}
		r, left := *old, *old.RemainingUses-1
		r.RemainingUses = &left
		put(t, s.trusts, id, &r)
		return nil
	})
}

// setTrust makes p a token of the trust for its trustee. The caller holds mu.
func (s *Service) setTrust(p *token.Payload, u *User, id string) error {
	r := s.trusts.rows[id]
	if r == nil || s.trustEnded(r) {
		return unauthorized("no such trust")
	}
	if r.TrusteeID != u.ID {
		return &Error{Kind: KindForbidden, Op: "authenticate", Detail: "User is not a trustee."}
	}
	p.Kind, p.ScopeID, p.Delegation = token.Trust, r.ProjectID, r.ID
	if r.Impersonation {
		p.UserID = r.TrustorID
	}
	return nil
}

// resolveTrust fills in a trust's token. All of the trust's roles must still be
// those of the trustor at the top of its chain, and all users in it enabled. The
// caller holds mu.
func (s *Service) resolveTrust(t *Token, p token.Payload) error {
	r := s.trusts.rows[p.Delegation]
	if r == nil || r.ProjectID != p.ScopeID {
		return unauthorized("the trust is gone")
	}
	user := r.TrusteeID
	if r.Impersonation {
		user = r.TrustorID
	}
	if user != p.UserID {
		return unauthorized("the trust is another")
	}
	top := s.usableChain(r)
	if top == nil {
		return unauthorized("a trust has ended, or a user of it is disabled")
	}
	has := s.effective(top.TrustorID, OnProject, r.ProjectID)
	t.Roles = s.expand(slices.Clone(r.RoleIDs))
	for _, role := range t.Roles {
		if !slices.Contains(has, role) {
			return unauthorized("the trustor has lost a role")
		}
	}
	t.Trust = r
	return nil
}

// usableChain is the trust at the top of r's chain, or nil if one of them may
// not be used. The caller holds mu.
func (s *Service) usableChain(r *Trust) (top *Trust) {
	for _, link := range s.trustChain(r) {
		if s.trustEnded(link) || !s.enabled(link.TrustorID) || !s.enabled(link.TrusteeID) {
			return nil
		}
		top = link
	}
	return top
}

// enabled says whether the user of that id and their domain are. The caller
// holds mu.
func (s *Service) enabled(userID string) bool {
	u := s.users.rows[userID]
	if u == nil || !u.Enabled {
		return false
	}
	d := s.domains.rows[u.DomainID]
	return d != nil && d.Enabled
}
