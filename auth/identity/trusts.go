// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"slices"

	"needletail/auth/token"
)

// maxTrusts bounds the trusts of a trustor: users cannot fill the memory.
const maxTrusts = 1000

// CreateTrust stores r at its place in a chain (d) and returns the stored row.
// An empty ID is replaced by a new ID. A trust without a project gives no
// roles.
//
// The error is of KindNotFound for an unknown user or project, and for a role
// missing to the trustor on the project. The error is of KindForbidden for a
// trust of a project without roles and beyond maxTrusts. Errors of redelegate
// are passed on.
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

// Trust returns the trust with the given ID. The error is of KindNotFound for
// an unknown ID, and for a trust expired or without remaining uses.
func (s *Service) Trust(id string) (*Trust, error) {
	r, err := get(s, s.trusts, "trust", id)
	if err == nil && (s.trustEnded(r) || r.usedUp()) {
		return nil, notFound("trust", id)
	}
	return r, err
}

// Trusts returns the trusts accepted by keep, sorted by ID. A nil keep accepts
// all, expired and used-up trusts included.
func (s *Service) Trusts(keep func(*Trust) bool) []*Trust { return list(s, s.trusts, keep) }

// DeleteTrust deletes a trust and all trusts below the trust in chains. Tokens
// of deleted trusts are invalid at once: validation looks the trust up. The
// error is of KindNotFound for an unknown ID.
func (s *Service) DeleteTrust(id string) error {
	return s.update(func(t *tx) error {
		if _, ok := s.trusts.rows[id]; !ok {
			return notFound("trust", id)
		}
		s.dropTrusts(t, func(r *Trust) bool { return r.ID == id })
		return nil
	})
}

// trustEnded reports whether the trust has expired.
func (s *Service) trustEnded(r *Trust) bool {
	return r.ExpiresAt != nil && !s.opt.Clock().Before(*r.ExpiresAt)
}

// usedUp reports whether the trust had a number of uses, and no use is left.
func (r *Trust) usedUp() bool { return r.RemainingUses != nil && *r.RemainingUses <= 0 }

// useTrust takes a use from a trust with a number of uses. The error is of
// KindForbidden if no use is left, and of KindUnauthorized for a trust deleted
// or expired since the login began.
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

// setTrust sets kind, project and delegation of p for a token of the trust,
// and the user too for a trust with impersonation. The error is of
// KindUnauthorized for an unknown or expired trust, and of KindForbidden if u
// is not the trustee. The caller holds mu.
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

// resolveTrust sets roles and trust of a trust's token. The error is of
// KindUnauthorized if the trust is gone or does not fit the token, if a trust
// in the chain has expired, if a user in the chain is disabled, or if the
// trustor at the top has lost a role of the trust. The caller holds mu.
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

// usableChain returns the trust at the top of r's chain. The result is nil for
// a broken chain, and if a trust in the chain has expired or has a disabled
// trustor or trustee. The caller holds mu.
func (s *Service) usableChain(r *Trust) (top *Trust) {
	for _, link := range s.trustChain(r) {
		if s.trustEnded(link) || !s.enabled(link.TrustorID) || !s.enabled(link.TrusteeID) {
			return nil
		}
		top = link
	}
	return top
}

// enabled reports whether the user with the given ID and the user's domain are
// enabled. The caller holds mu.
func (s *Service) enabled(userID string) bool {
	u := s.users.rows[userID]
	if u == nil || !u.Enabled {
		return false
	}
	d := s.domains.rows[u.DomainID]
	return d != nil && d.Enabled
}
