// SPDX-License-Identifier: Apache-2.0

package config

import (
	"errors"
	"time"

	"needletail/auth/loginguard"
)

// LoginLimits slow down the guessing of passwords, at the built-in Keystone and
// at TempAuth. With the last allowed failure a delay begins, of a second at
// first and twice as much with each further failure. A login within the delay
// gets 429 with Retry-After, and its password is not looked at.
type LoginLimits struct {
	// FailuresPerUserAndIP is how many logins of one user may fail from one address
	// within the window. 0: no limit.
	FailuresPerUserAndIP int `toml:"failures_per_user_and_ip"`
	// FailuresPerIP is how many logins of all users may fail from one address within
	// the window. Users who have logged in from the address before do not wait. 0:
	// no limit.
	FailuresPerIP int `toml:"failures_per_ip"`
	// FailuresPerUser is how many logins of one user may fail from all addresses
	// within the window. The delay is at most 10 s, and addresses from which the
	// user has logged in before do not wait: nobody can lock a user out. 0: no
	// limit.
	FailuresPerUser int `toml:"failures_per_user"`
	// Window is the time in which failures count.
	Window Duration `toml:"window"`
	// MaxDelay is the longest delay.
	MaxDelay Duration `toml:"max_delay"`
}

func defaultLoginLimits() LoginLimits {
	return LoginLimits{
		FailuresPerUserAndIP: 10,
		FailuresPerIP:        100,
		FailuresPerUser:      100,
		Window:               Duration(10 * time.Minute),
		MaxDelay:             Duration(5 * time.Minute),
	}
}

func (l *LoginLimits) validate() error {
	switch {
	case l.FailuresPerUserAndIP < 0:
		return errors.New("failures_per_user_and_ip is negative")
	case l.FailuresPerIP < 0:
		return errors.New("failures_per_ip is negative")
	case l.FailuresPerUser < 0:
		return errors.New("failures_per_user is negative")
	case l.Window <= 0:
		return errors.New("window must be positive")
	case time.Duration(l.MaxDelay) < time.Second:
		return errors.New("max_delay is under a second")
	}
	return nil
}

// Options returns the limits for the guard. The caller adds what the guard calls.
func (l *LoginLimits) Options() loginguard.Options {
	return loginguard.Options{
		PerUserAtAddress: l.FailuresPerUserAndIP, PerAddress: l.FailuresPerIP, PerUser: l.FailuresPerUser,
		Window: time.Duration(l.Window), MaxDelay: time.Duration(l.MaxDelay),
	}
}
