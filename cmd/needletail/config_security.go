package main

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"needletail/auth/identity"
)

// SecurityConfig bounds the failed logins at the built-in Keystone, with the
// names of its [security_compliance].
type SecurityConfig struct {
	// LockoutFailureAttempts failed logins in a row lock a user out for
	// LockoutDuration; 0: never.
	LockoutFailureAttempts int      `toml:"lockout_failure_attempts"`
	LockoutDuration        Duration `toml:"lockout_duration"`
}

// validateLogins checks how users may log in.
func (c *Config) validateLogins() error {
	known := append(identity.DefaultMethods(), identity.MethodTOTP)
	for _, m := range c.Identity.AuthMethods {
		if !slices.Contains(known, m) {
			return fmt.Errorf("identity.auth_methods: there is no method %q", m)
		}
	}
	switch {
	case len(c.Identity.AuthMethods) == 0:
		return errors.New("identity.auth_methods is empty")
	case c.Security.LockoutFailureAttempts < 0:
		return errors.New("security_compliance.lockout_failure_attempts is negative")
	case c.Security.LockoutDuration <= 0:
		return errors.New("security_compliance.lockout_duration must be positive")
	}
	return nil
}

// identityOptions are the identity store's settings, but for its second copy.
func (c *Config) identityOptions() identity.Options {
	return identity.Options{
		Dir:       identityDir(c.Data),
		KeyDir:    keyDir(c.Data),
		TokenLife: time.Duration(c.Identity.TokenLifetime),
		Methods:   c.Identity.AuthMethods,

		BcryptCost: c.Identity.PasswordHashRounds,

		LockoutAttempts: c.Security.LockoutFailureAttempts,
		LockoutDuration: time.Duration(c.Security.LockoutDuration),
	}
}
