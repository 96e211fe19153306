package identity

import (
	"sync"
	"time"
)

// IgnoreLockout is the option of a user who is never locked out.
const IgnoreLockout = "ignore_lockout_failure_attempts"

// DefaultLockoutDuration is Keystone's [security_compliance] lockout_duration.
const DefaultLockoutDuration = 30 * time.Minute

// lockouts count the failed logins of users since their last good one. There is
// at most one count for a user of the store. They are kept in memory: a restart
// forgives, and a guess costs no write.
type lockouts struct {
	attempts int // 0: nobody is locked out
	duration time.Duration

	mu     sync.Mutex
	failed map[string]failures // by user id
}

type failures struct {
	count int
	last  time.Time
}

// fail counts a failed login of u, nil for somebody unknown. One too many is
// not counted.
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

func (l *lockouts) clear(userID string) {
	if l.attempts == 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.failed, userID)
}

// locked says whether u has failed too often; the time served is forgotten.
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

// locked refuses a user who has failed too often (keystone/exception.py,
// AccountLocked).
func (s *Service) locked(u *User) error {
	if !s.lockouts.locked(u, s.opt.Clock()) {
		return nil
	}
	return accountLocked(u)
}

func accountLocked(u *User) error {
	return &Error{Kind: KindUnauthorized, Op: "authenticate", Tell: true,
		Detail: "The account is locked for user: " + u.ID + "."}
}

// mayLogIn says whether verify finds u (nil: nobody) who they say they are, and
// neither locked out nor disabled. The lock is looked at again after the hash: of
// guesses at the same time no more than the allowed number are answered.
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
