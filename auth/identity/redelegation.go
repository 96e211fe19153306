// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"fmt"
	"slices"
)

// maxRedelegations is Keystone's default of [trust] max_redelegation_count: the
// largest number of trusts below the first in a chain.
const maxRedelegations = 3

// Redelegation is the place of a new trust in a chain of trusts.
type Redelegation struct {
	// Allow lets the trustee make further trusts with the new trust. Count is
	// the largest number of trusts below the new trust in a chain; nil: as
	// many as possible.
	Allow bool
	Count *int
	// From is the ID of the trust above the new trust, "" at the top of a
	// chain.
	From string
}

// redelegationRefused returns an error of KindForbidden with Keystone's general
// message for clients. The formatted reason is for the log.
func redelegationRefused(format string, args ...any) error {
	return &Error{Kind: KindForbidden, Op: "create", Entity: "trust",
		Detail: "You are not authorized to perform the requested action.", Err: fmt.Errorf(format, args...)}
}

// redelegate sets r.Redelegations, r.RedelegatedFrom and, from the trust
// above, a missing r.ExpiresAt, by the rules of Keystone
// (keystone/trust/core.py, create_trust). A Count of 0 is the same as Allow
// false. The error is of KindForbidden for a Count out of range and for more
// rights than a trust above, of KindNotFound for an unknown or expired trust
// above, and of KindInvalid for a redelegable trust with a number of uses. The
// caller holds writing.
func (s *Service) redelegate(r *Trust, d Redelegation) error {
	asked := d.Count
	switch {
	case !d.Allow || asked != nil && *asked == 0:
		asked = new(int)
	case asked != nil && (*asked < 0 || *asked > maxRedelegations):
		return redelegationRefused("requested redelegation depth of %d is greater than allowed %d", *asked, maxRedelegations)
	case r.RemainingUses != nil:
		return invalid("trust", "remaining_uses must not be set if redelegation is allowed")
	}
	r.Redelegations = maxRedelegations
	if d.From != "" {
		parent := s.trusts.rows[d.From]
		if parent == nil || s.trustEnded(parent) {
			return notFound("trust", d.From)
		}
		r.RedelegatedFrom = parent.ID
		r.Redelegations = parent.Redelegations - 1
		if asked != nil && *asked != 0 && *asked != r.Redelegations {
			return redelegationRefused("redelegation_count is modified upon redelegation")
		}
		if r.ExpiresAt == nil {
			r.ExpiresAt = parent.ExpiresAt
		}
		chain := s.trustChain(parent)
		if chain == nil {
			return notFound("trust", d.From)
		}
		for _, above := range chain {
			if err := r.within(above); err != nil {
				return err
			}
		}
	}
	if asked != nil {
		r.Redelegations = *asked
	}
	return nil
}

// within returns an error of KindForbidden if r gives more rights than a trust
// above: more roles, a later end, impersonation, uses, or a chain too long.
// Unlike in Keystone, r must be of the same project as the trust above: the
// trust above gives no role on a different project.
func (r *Trust) within(above *Trust) error {
	switch {
	case above.Redelegations <= 0:
		return redelegationRefused("remaining redelegation depth of %d out of allowed range of [0..%d]", above.Redelegations, maxRedelegations)
	case r.RemainingUses != nil:
		return redelegationRefused("remaining_uses must not be set in order to redelegate a trust")
	case above.ExpiresAt != nil && (r.ExpiresAt == nil || above.ExpiresAt.Before(*r.ExpiresAt)):
		return redelegationRefused("requested expiration time is more than redelegated trust can provide")
	case r.Impersonation && !above.Impersonation:
		return redelegationRefused("impersonation is not allowed because redelegated trust %s does not specify it", above.ID)
	case r.ProjectID != above.ProjectID:
		return redelegationRefused("the redelegated trust is of another project")
	}
	for _, id := range r.RoleIDs {
		if !slices.Contains(above.RoleIDs, id) {
			return redelegationRefused("some of requested roles are not in redelegated trust")
		}
	}
	return nil
}

// trustChain returns r and all trusts above r, r first and the top of the
// chain last. The result is nil if a trust is missing, or if the chain is
// longer than possible: a broken chain gives no rights. The caller holds mu or
// writing.
func (s *Service) trustChain(r *Trust) []*Trust {
	chain := []*Trust{r}
	for r.RedelegatedFrom != "" {
		if r = s.trusts.rows[r.RedelegatedFrom]; r == nil || len(chain) > maxRedelegations {
			return nil
		}
		chain = append(chain, r)
	}
	return chain
}

// TrustDescends reports whether the trust with the given ID is ancestor
// itself, or is below ancestor in a chain.
func (s *Service) TrustDescends(id, ancestor string) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	r := s.trusts.rows[id]
	return r != nil && slices.ContainsFunc(s.trustChain(r), func(above *Trust) bool { return above.ID == ancestor })
}

// dropTrusts deletes the trusts accepted by match and all trusts below them in
// chains, as a part of t.
func (s *Service) dropTrusts(t *tx, match func(*Trust) bool) {
	for id, r := range s.trusts.rows {
		if match(r) || slices.ContainsFunc(s.trustChain(r), match) {
			drop(t, s.trusts, id)
		}
	}
}
