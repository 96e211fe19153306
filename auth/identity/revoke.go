package identity

import (
	"time"

	"needletail/auth/token"
)

// revocationBuffer is Keystone's [revoke] expiration_buffer.
const revocationBuffer = 30 * time.Minute

// purgeEvery bounds how often forgotten revocations are looked for.
const purgeEvery = time.Hour

// revokedIndex answers in constant time whether a token is revoked. Times are
// whole seconds, as a token's.
type revokedIndex struct {
	audits          map[string]struct{}
	users, projects map[string]time.Time
	purged          time.Time
}

func newRevokedIndex() revokedIndex {
	return revokedIndex{
		audits: map[string]struct{}{}, users: map[string]time.Time{}, projects: map[string]time.Time{},
	}
}

func (x *revokedIndex) add(r *Revocation) {
	switch {
	case r.AuditID != "":
		x.audits[r.AuditID] = struct{}{}
	case r.UserID != "":
		x.users[r.UserID] = r.IssuedBefore
	case r.ProjectID != "":
		x.projects[r.ProjectID] = r.IssuedBefore
	}
}

// remove needs no look at the time: there is one row of a user or project.
func (x *revokedIndex) remove(r *Revocation) {
	delete(x.audits, r.AuditID)
	delete(x.users, r.UserID)
	delete(x.projects, r.ProjectID)
}

func (x *revokedIndex) matches(p token.Payload, issued time.Time) bool {
	if len(p.AuditIDs) > 0 {
		if _, ok := x.audits[p.AuditIDs[0]]; ok {
			return true
		}
	}
	if before, ok := x.users[p.UserID]; ok && !issued.After(before) {
		return true
	}
	if p.Kind != token.Project && p.Kind != token.AppCred && p.Kind != token.Trust {
		return false
	}
	before, ok := x.projects[p.ScopeID]
	return ok && !issued.After(before)
}

// issueTime is now in whole seconds, or the second after the last revocation of
// the user or project: a token issued in the second of a revocation is a new
// one, though its time cannot show it. (Keystone refuses those tokens.)
func (s *Service) issueTime(p token.Payload) time.Time {
	s.mu.RLock()
	defer s.mu.RUnlock()
	now := s.opt.Clock().UTC().Truncate(time.Second)
	return after(after(now, s.revoked.users[p.UserID]), s.revoked.projects[p.ScopeID])
}

func after(now, revoked time.Time) time.Time {
	if !now.After(revoked) {
		return revoked.Add(time.Second)
	}
	return now
}

// revokeTx ends the tokens that r speaks of, as a part of t.
func (s *Service) revokeTx(t *tx, r Revocation) {
	now := s.opt.Clock().UTC().Truncate(time.Second)
	var last time.Time
	switch {
	case r.AuditID != "":
		r.ID = "audit/" + r.AuditID
	case r.UserID != "":
		r.ID, last = "user/"+r.UserID, s.revoked.users[r.UserID]
	default:
		r.ID, last = "project/"+r.ProjectID, s.revoked.projects[r.ProjectID]
	}
	r.IssuedBefore = after(now, last)
	if r.Until.Before(r.IssuedBefore.Add(s.opt.TokenLife)) {
		r.Until = r.IssuedBefore.Add(s.opt.TokenLife)
	}
	r.Until = r.Until.Add(ExpiredWindow + revocationBuffer)
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
	return s.update(func(tx *tx) error {
		s.revokeTx(tx, Revocation{AuditID: t.AuditIDs[0], Until: t.ExpiresAt})
		return nil
	})
}
