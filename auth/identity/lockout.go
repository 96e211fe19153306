// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"sync"
	"time"
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

// mayLogIn calls verify, the check of u's password or passcode, and returns
// nil if the check succeeds and the user is enabled and not locked out. A nil
// u is an unknown user: verify must return false.
//
// The lock is checked before and after verify: of many guesses at the same
// time, no more than the allowed attempts hear about their success. Refusals
// are of KindUnauthorized. An error of verify is returned unchanged and counts
// as no attempt.
func (s *Service) mayLogIn(u *User, verify func() (bool, error)) error {
	if err := s.locked(u); err != nil {
		return err
	}
	ok, err := verify()
	if err != nil {
		return err
	}
	if err := s.locked(u); err != nil {
		return err
	}
	if !ok && !s.lockouts.fail(u, s.opt.Clock()) {
		return accountLocked(u)
	}
	if !ok || !s.userUsable(u) {
		return unauthorized("wrong user or password")
	}
	s.lockouts.clear(u.ID)
	return nil
}
