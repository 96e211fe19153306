package identity

import (
	"fmt"
	"slices"
)

// maxRedelegations is Keystone's [trust] max_redelegation_count: a chain has
// that many trusts after its first.
const maxRedelegations = 3

// Redelegation is what a new trust has to do with other trusts.
type Redelegation struct {
	// Allow lets the trustee make trusts out of the new one, Count many in a
	// chain; nil: as many as there may be.
	Allow bool
	Count *int
	// From is the trust that the new one is made with, "" for none.
	From string
}

// redelegationRefused is a refusal as Keystone words it for clients; why is for
// the log.
func redelegationRefused(format string, args ...any) error {
	return &Error{Kind: KindForbidden, Op: "create", Entity: "trust",
		Detail: "You are not authorized to perform the requested action.", Err: fmt.Errorf(format, args...)}
}

// redelegate sets and checks what r has to do with other trusts
// (keystone/trust/core.py, create_trust). The caller holds writing.
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

// within checks that r gives away no more than a trust above it does. Unlike
// Keystone's it has to be of the same project: roles elsewhere were not given.
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

// trustChain is r and the trusts that it was made with, r first; nil if one is
// missing. The caller holds mu or writing.
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

// TrustDescends says whether the trust of that id is ancestor, or was made with
// it or with one that was.
func (s *Service) TrustDescends(id, ancestor string) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	r := s.trusts.rows[id]
	return r != nil && slices.ContainsFunc(s.trustChain(r), func(above *Trust) bool { return above.ID == ancestor })
}

// dropTrusts deletes the trusts that match, and all that were made with
// them.
func (s *Service) dropTrusts(t *tx, match func(*Trust) bool) {
	for id, r := range s.trusts.rows {
		if match(r) || slices.ContainsFunc(s.trustChain(r), match) {
			drop(t, s.trusts, id)
		}
	}
}
