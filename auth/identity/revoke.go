package identity

import (
	"time"

	"needletail/auth/token"
)

// revocationBuffer is Keystone's [revoke] expiration_buffer.
const revocationBuffer = 30 * time.Minute

// purgeEvery bounds how often forgotten revocations are looked for.
const purgeEvery = time.Hour

// Users make rows by revoking their tokens one by one, so those are bounded: of
// one owner, and in all, where a row takes about 1 KB of memory. Beyond a bound
// one row ends all tokens that the owner, or the whole user, has by then.
const (
	revocationsPerOwner = 1024
	revocationsMax      = 65536
)

// tokenOwner is who can ask for a token: a user, or who holds one of the user's
// application credentials or trusts. A delegate's revocations end no token of
// the user's own.
type tokenOwner struct{ userID, delegationID string }

// revokedIndex answers in constant time whether a token is revoked. Times are
// whole seconds, as a token's.
type revokedIndex struct {
	audits                                map[string]struct{}
	users, projects, domains, delegations map[string]time.Time
	owned                                 map[tokenOwner]map[string]struct{} // ids of rows of one token each
	purged                                time.Time
	max                                   int // rows: revocationsMax, fewer in tests
}

func newRevokedIndex() revokedIndex {
	return revokedIndex{
		max:    revocationsMax,
		audits: map[string]struct{}{}, owned: map[tokenOwner]map[string]struct{}{},
		users: map[string]time.Time{}, projects: map[string]time.Time{},
		domains: map[string]time.Time{}, delegations: map[string]time.Time{},
	}
}

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

// remove needs no look at the time: there is one row of a user, project, domain
// or delegation.
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

// isRevoked says whether a token has been ended. The caller holds mu.
func (s *Service) isRevoked(p token.Payload, issued time.Time) bool {
	if len(p.AuditIDs) > 0 {
		if _, ok := s.revoked.audits[p.AuditIDs[0]]; ok {
			return true
		}
	}
	return !issued.After(s.lastEnd(p))
}

// lastEnd is when all tokens like p were ended the last time, by whatever such a
// token stands for: its user, project, domain and delegation, the domains of
// those, and everybody in the chain of its trust. The caller holds mu.
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

func (s *Service) lastEndOfUser(id string) time.Time {
	end := s.revoked.users[id]
	if u := s.users.rows[id]; u != nil {
		end = latest(end, s.revoked.domains[u.DomainID])
	}
	return end
}

// issueTime is now in whole seconds, or the second after the last revocation of
// tokens like p: a token issued in the second of a revocation is a new one,
// though its time cannot show it. (Keystone refuses those tokens.)
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

// noteIssued remembers the latest time of a token, which may lie ahead of now.
func (s *Service) noteIssued(at time.Time) {
	for {
		last := s.lastIssued.Load()
		if at.Unix() <= last || s.lastIssued.CompareAndSwap(last, at.Unix()) {
			return
		}
	}
}

// noteAllIssued does so for the tokens of an earlier process: none is later than
// the second after the last revocation. Open calls it.
func (s *Service) noteAllIssued() {
	for _, r := range s.revocations.rows {
		s.noteIssued(r.IssuedBefore.Add(time.Second))
	}
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// revokeTx ends the tokens that r speaks of, as a part of t. IssuedBefore and
// Until, if set, are the least that they become; Until is the end of the tokens.
//
// What a revocation ends includes tokens whose time lies ahead, because a
// revocation of something else came right before they were issued.
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

// RevokeToken ends one token at once and for good. The error is of KindNotFound
// for a token that is not valid.
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

// revokedOneByOne says of a row whether it ends one token of the owner.
func (s *Service) revokedOneByOne(owner tokenOwner) func(*Revocation) bool {
	rows := s.revoked.owned[owner]
	return func(r *Revocation) bool {
		_, ok := rows[r.ID]
		return ok
	}
}

// revokeAsOneTx ends, by the row all, what the row one and the rows replaced
// end. None of their tokens lives again: all reaches as far back and as long as
// each of them does.
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
