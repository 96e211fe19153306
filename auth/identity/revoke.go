// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"time"

	"needletail/auth/token"
)

// revocationBuffer is Keystone's default of [revoke] expiration_buffer: a
// revocation is kept for this time after the last ended token has expired.
const revocationBuffer = 30 * time.Minute

// purgeEvery is the shortest time between two searches for old revocations. A
// search reads all rows.
const purgeEvery = time.Hour

// Users make a row with each token revoked, hence the rows are bounded: per
// owner and in all. A row takes about 1 KB of memory. Beyond a bound, a single
// row takes the place of an owner's rows and ends all tokens issued up to now
// to the owner, or to the whole user.
const (
	revocationsPerOwner = 1024
	revocationsMax      = 65536
)

// tokenOwner is a user, or the holder of an application credential or trust of
// the user (delegationID). The owners are bounded apart: a holder can end the
// tokens of the delegation, but never the tokens of the user's own logins.
type tokenOwner struct{ userID, delegationID string }

// revokedIndex finds the revocations of a token in constant time. Times are
// whole seconds, because the times in tokens are.
type revokedIndex struct {
	audits                                map[string]struct{}
	users, projects, domains, delegations map[string]time.Time
	owned                                 map[tokenOwner]map[string]struct{} // IDs of rows by audit ID
	purged                                time.Time                          // the last search for old rows
	max                                   int                                // rows: revocationsMax, fewer in tests
}

// newRevokedIndex returns an empty index.
func newRevokedIndex() revokedIndex {
	return revokedIndex{
		max:    revocationsMax,
		audits: map[string]struct{}{}, owned: map[tokenOwner]map[string]struct{}{},
		users: map[string]time.Time{}, projects: map[string]time.Time{},
		domains: map[string]time.Time{}, delegations: map[string]time.Time{},
	}
}

// add puts a row into the index. The caller holds mu for writing.
func (x *revokedIndex) add(r *Revocation) {
	switch {
	case r.AuditID != "":
		x.audits[r.AuditID] = struct{}{}
		if r.OwnerID != "" { // not in rows of earlier versions
			owner := tokenOwner{r.OwnerID, r.DelegationID}
			if x.owned[owner] == nil {
				x.owned[owner] = map[string]struct{}{}
			}
			x.owned[owner][r.ID] = struct{}{}
		}
	case r.UserID != "":
		x.users[r.UserID] = r.IssuedBefore
	case r.ProjectID != "":
		x.projects[r.ProjectID] = r.IssuedBefore
	case r.DomainID != "":
		x.domains[r.DomainID] = r.IssuedBefore
	default:
		x.delegations[r.DelegationID] = r.IssuedBefore
	}
}

// remove takes a row out of the index. A user, project, domain or delegation
// has a single row at most, hence the entry is the row's. The caller holds mu
// for writing.
func (x *revokedIndex) remove(r *Revocation) {
	switch {
	case r.AuditID != "":
		delete(x.audits, r.AuditID)
		owner := tokenOwner{r.OwnerID, r.DelegationID}
		delete(x.owned[owner], r.ID)
		if len(x.owned[owner]) == 0 {
			delete(x.owned, owner)
		}
	case r.UserID != "":
		delete(x.users, r.UserID)
	case r.ProjectID != "":
		delete(x.projects, r.ProjectID)
	case r.DomainID != "":
		delete(x.domains, r.DomainID)
	default:
		delete(x.delegations, r.DelegationID)
	}
}

// isRevoked reports whether a token is ended: by its first audit ID, or
// because its time of issue is not after the last end of all tokens alike. The
// caller holds mu.
func (s *Service) isRevoked(p token.Payload, issued time.Time) bool {
	if len(p.AuditIDs) > 0 {
		if _, ok := s.revoked.audits[p.AuditIDs[0]]; ok {
			return true
		}
	}
	return !issued.After(s.lastEnd(p))
}

// lastEnd returns the latest time at which all tokens like p were ended, or
// the zero time. Tokens are ended through their user, project, domain or
// delegation, through the domain of the user or project, and through every
// trustor and trustee in the chain of a trust. The caller holds mu.
func (s *Service) lastEnd(p token.Payload) time.Time {
	x := &s.revoked
	end := latest(s.lastEndOfUser(p.UserID), x.delegations[p.Delegation])
	switch p.Kind {
	case token.Project, token.AppCred, token.Trust:
		end = latest(end, x.projects[p.ScopeID])
		if project := s.projects.rows[p.ScopeID]; project != nil {
			end = latest(end, x.domains[project.DomainID])
		}
	case token.Domain:
		end = latest(end, x.domains[p.ScopeID])
	}
	if trust := s.trusts.rows[p.Delegation]; p.Kind == token.Trust && trust != nil {
		for _, link := range s.trustChain(trust) {
			end = latest(end, latest(s.lastEndOfUser(link.TrustorID), s.lastEndOfUser(link.TrusteeID)))
		}
	}
	return end
}

// lastEndOfUser returns the latest time at which all tokens of a user, or of
// the user's domain, were ended, or the zero time. The caller holds mu.
func (s *Service) lastEndOfUser(id string) time.Time {
	end := s.revoked.users[id]
	if u := s.users.rows[id]; u != nil {
		end = latest(end, s.revoked.domains[u.DomainID])
	}
	return end
}

// issueTime returns the time of issue for a new token of p: now in whole
// seconds, or the second after the last end of tokens like p if later. A token
// issued in the same second as a revocation would be ended with the older
// tokens otherwise; in Keystone the token is refused.
func (s *Service) issueTime(p token.Payload) time.Time {
	s.mu.RLock()
	defer s.mu.RUnlock()
	issued := s.opt.Clock().UTC().Truncate(time.Second)
	if end := s.lastEnd(p); !issued.After(end) {
		issued = end.Add(time.Second)
	}
	s.noteIssued(issued)
	return issued
}

// noteIssued remembers the latest time of issue of all tokens. The time may be
// later than now, see issueTime.
func (s *Service) noteIssued(at time.Time) {
	for {
		last := s.lastIssued.Load()
		if at.Unix() <= last || s.lastIssued.CompareAndSwap(last, at.Unix()) {
			return
		}
	}
}

// noteAllIssued notes the times of tokens issued by earlier processes: at the
// latest the second after the last revocation. Open calls noteAllIssued after
// load.
func (s *Service) noteAllIssued() {
	for _, r := range s.revocations.rows {
		s.noteIssued(r.IssuedBefore.Add(time.Second))
	}
}

// latest returns the later time.
func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// revokeTx ends the tokens named by r, as a part of t. r.ID is made of the
// name. r.IssuedBefore is at least the given time and now. r.Until, given as
// the expiry of the ended tokens, is at least the expiry of a token issued at
// IssuedBefore, and is stored with ExpiredWindow and revocationBuffer added.
// The caller holds writing.
//
// A token can have a time of issue after now, see issueTime. lastIssued makes
// IssuedBefore late enough for the end of all tokens issued by now.
func (s *Service) revokeTx(t *tx, r Revocation) {
	now := s.opt.Clock().UTC().Truncate(time.Second)
	last := time.Unix(s.lastIssued.Load(), 0).UTC()
	switch {
	case r.AuditID != "":
		r.ID = "audit/" + r.AuditID
	case r.UserID != "":
		r.ID, last = "user/"+r.UserID, latest(last, s.revoked.users[r.UserID])
	case r.ProjectID != "":
		r.ID, last = "project/"+r.ProjectID, latest(last, s.revoked.projects[r.ProjectID])
	case r.DomainID != "":
		r.ID, last = "domain/"+r.DomainID, latest(last, s.revoked.domains[r.DomainID])
	default:
		r.ID, last = "delegation/"+r.DelegationID, latest(last, s.revoked.delegations[r.DelegationID])
	}
	r.IssuedBefore = latest(r.IssuedBefore, latest(now, last))
	r.Until = latest(r.Until, r.IssuedBefore.Add(s.opt.TokenLife)).Add(ExpiredWindow + revocationBuffer)
	put(t, s.revocations, r.ID, &r)
	s.purgeTx(t, now)
}

// purgeTx deletes revocations after their Until, as a part of t, at most once
// in purgeEvery. The caller holds writing.
func (s *Service) purgeTx(t *tx, now time.Time) {
	if now.Sub(s.revoked.purged) < purgeEvery {
		return
	}
	for id, r := range s.revocations.rows {
		if now.After(r.Until) {
			drop(t, s.revocations, id)
		}
	}
	t.apply = append(t.apply, func() { s.revoked.purged = now })
}

// RevokeToken ends a token at once and for good. If the owner, or all users
// together, have too many revocations, RevokeToken ends all tokens of the
// owner, or of the user, with a single row instead. The error is of
// KindNotFound for an invalid token.
func (s *Service) RevokeToken(text string) error {
	t, err := s.ValidateToken(text, false)
	if err != nil {
		return err
	}
	owner := tokenOwner{userID: t.User.ID}
	switch {
	case t.AppCred != nil:
		owner.delegationID = t.AppCred.ID
	case t.Trust != nil:
		owner.delegationID = t.Trust.ID
	}
	r := Revocation{OwnerID: owner.userID, DelegationID: owner.delegationID, IssuedBefore: t.IssuedAt, Until: t.ExpiresAt}
	return s.update(func(tx *tx) error {
		switch {
		case len(s.revocations.rows) >= s.revoked.max:
			s.revokeAsOneTx(tx, r, Revocation{UserID: owner.userID}, func(old *Revocation) bool { return old.OwnerID == owner.userID })
		case len(s.revoked.owned[owner]) < revocationsPerOwner:
			r.AuditID = t.AuditIDs[0]
			s.revokeTx(tx, r)
		case owner.delegationID == "":
			s.revokeAsOneTx(tx, r, Revocation{UserID: owner.userID}, s.revokedOneByOne(owner))
		default:
			s.revokeAsOneTx(tx, r, Revocation{DelegationID: owner.delegationID, OwnerID: owner.userID}, s.revokedOneByOne(owner))
		}
		return nil
	})
}

// revokedOneByOne returns a test for the rows by audit ID of an owner. The
// caller holds writing.
func (s *Service) revokedOneByOne(owner tokenOwner) func(*Revocation) bool {
	rows := s.revoked.owned[owner]
	return func(r *Revocation) bool {
		_, ok := rows[r.ID]
		return ok
	}
}

// revokeAsOneTx replaces rows by a single row, as a part of t: the rows
// accepted by replaced are deleted, and the new row all also ends the token of
// one. Every ended token stays ended, because all takes the latest
// IssuedBefore and Until of the replaced rows and of one. The caller holds
// writing.
func (s *Service) revokeAsOneTx(t *tx, one, all Revocation, replaced func(*Revocation) bool) {
	all.IssuedBefore, all.Until = one.IssuedBefore, one.Until
	for id, r := range s.revocations.rows {
		if replaced(r) {
			all.IssuedBefore = latest(all.IssuedBefore, r.IssuedBefore)
			all.Until = latest(all.Until, r.Until.Add(-ExpiredWindow-revocationBuffer))
			drop(t, s.revocations, id)
		}
	}
	s.revokeTx(t, all)
}
