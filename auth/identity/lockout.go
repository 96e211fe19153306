// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"sync"
	"time"

	"needletail/auth/loginguard"
)

// IgnoreLockout is the user option of Keystone against lockouts: a user with
// the option true is never locked out.
const IgnoreLockout = "ignore_lockout_failure_attempts"

// DefaultLockoutDuration is Keystone's [security_compliance] lockout_duration.
const DefaultLockoutDuration = 30 * time.Minute

// lockouts counts the failed logins of each user since the user's last good
// login. Unknown users have no count, hence there are at most as many counts
// as users. The counts are in memory alone: a guess costs no write, and a
// restart forgives.
type lockouts struct {
	attempts int // 0: nobody is locked out
	duration time.Duration

	mu     sync.Mutex
	failed map[string]failures // by user id
}

// failures are the failed logins of a user: their number and the time of the
// last.
type failures struct {
	count int
	last  time.Time
}

// fail counts a failed login of u and reports whether the login was within the
// allowed attempts. fail returns false, and counts nothing, if the allowed
// attempts are used up already. Without lockouts, for an unknown user (nil)
// and for a user with IgnoreLockout the result is always true.
func (l *lockouts) fail(u *User, now time.Time) (counted bool) {
	if l.attempts == 0 || u == nil || u.Options[IgnoreLockout] == true {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.failed == nil {
		l.failed = map[string]failures{}
	}
	count := l.failed[u.ID].count
	if count >= l.attempts {
		return false
	}
	l.failed[u.ID] = failures{count + 1, now}
	return true
}

// clear forgets the failed logins of a user.
func (l *lockouts) clear(userID string) {
	if l.attempts == 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.failed, userID)
}

// locked reports whether u is locked out at the time now: all attempts are
// used up, and less than duration has passed since the last. After duration
// the count is forgotten.
func (l *lockouts) locked(u *User, now time.Time) bool {
	if l.attempts == 0 || u == nil || u.Options[IgnoreLockout] == true {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	f := l.failed[u.ID]
	if f.count < l.attempts {
		return false
	}
	if f.last.Add(l.duration).After(now) {
		return true
	}
	delete(l.failed, u.ID)
	return false
}

// locked returns an error of KindUnauthorized, shown to the client, for a user
// locked out now.
func (s *Service) locked(u *User) error {
	if !s.lockouts.locked(u, s.opt.Clock()) {
		return nil
	}
	return accountLocked(u)
}

// accountLocked returns the refusal of a locked user (keystone/exception.py,
// AccountLocked).
func accountLocked(u *User) error {
	return &Error{Kind: KindUnauthorized, Op: "authenticate", Tell: true,
		Detail: "The account is locked for user: " + u.ID + "."}
}

// attempt begins a login of the user that who names, for the guard. u is the
// user, or nil for an unknown user. An unknown user is counted under the given
// name, so that a delay tells nothing about existing names.
func (s *Service) attempt(ctx context.Context, who Ref, u *User) *loginguard.Attempt {
	if s.opt.Guard == nil {
		return nil
	}
	if u != nil {
		who.ID = u.ID
	}
	return s.opt.Guard.Attempt(addressOf(ctx), s.guardName(who))
}

// guardName returns the text under which the guard counts a user.
func (s *Service) guardName(who Ref) string {
	if who.ID != "" {
		return "user\x00" + who.ID
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	return "name\x00" + s.domainID(who.Domain) + "\x00" + who.Name
}

// mayLogIn calls verify, the check of u's password or passcode, and returns
// nil if the check succeeds and the user is enabled, not locked out and not
// delayed. who names the user, and a nil u is an unknown user: verify must
// return false. verify calls admitted after a wait, and returns its error.
//
// Lock and delay are checked before and after verify: of many guesses at the
// same time, no more than the allowed attempts hear about their success.
// Refusals are of KindUnauthorized or KindThrottled. An error of verify is
// returned unchanged and counts as no attempt.
//
// The caller ends the attempt with succeed, once the whole login is allowed. A
// right password alone forgives nothing: whoever has the password could
// otherwise guess passcodes without end.
func (s *Service) mayLogIn(ctx context.Context, who Ref, u *User, verify func(admitted func() error) (bool, error)) (*loginguard.Attempt, error) {
	a := s.attempt(ctx, who, u)
	admitted := func() error {
		if wait := a.Wait(); wait > 0 {
			return throttled(wait)
		}
		return s.locked(u)
	}
	if err := admitted(); err != nil {
		return nil, err
	}
	ok, err := verify(admitted)
	if err != nil {
		return nil, err
	}
	if err := s.locked(u); err != nil {
		return nil, err
	}
	if !ok && !s.lockouts.fail(u, s.opt.Clock()) {
		return nil, accountLocked(u)
	}
	if ok && s.userUsable(u) {
		return a, nil
	}
	if wait := a.Failed(); wait > 0 {
		return nil, throttled(wait)
	}
	return nil, unauthorized("wrong user or password")
}

// succeed forgives u's failed logins at the end of a login with one attempt for
// each method. The error is of KindThrottled if a delay has begun
// meanwhile.
func (s *Service) succeed(u *User, attempts ...*loginguard.Attempt) error {
	for _, a := range attempts {
		if wait := a.Succeeded(); wait > 0 {
			return throttled(wait)
		}
	}
	s.lockouts.clear(u.ID)
	return nil
}
