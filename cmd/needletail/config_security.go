package main

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"needletail/auth/identity"
	"needletail/auth/passwordhash"
)

// SecurityConfig bounds the failed logins at the built-in Keystone, with the
// names of its [security_compliance].
type SecurityConfig struct {
	// LockoutFailureAttempts failed logins in a row lock a user out for
	// LockoutDuration; 0: never.
	LockoutFailureAttempts int      `toml:"lockout_failure_attempts"`
	LockoutDuration        Duration `toml:"lockout_duration"`
}

// validateIdentity checks [identity] and [security_compliance].
func (c *Config) validateIdentity() error {
	known := append(identity.DefaultMethods(), identity.MethodTOTP)
	for _, m := range c.Identity.AuthMethods {
		if !slices.Contains(known, m) {
			return fmt.Errorf("identity.auth_methods: there is no method %q", m)
		}
	}
	switch {
	case c.Identity.TokenLifetime <= 0:
		return errors.New("identity.token_lifetime must be positive")
	case c.Identity.ListLimit < 0:
		return errors.New("identity.list_limit is negative")
	case c.Identity.PasswordHashRounds < passwordhash.MinBcryptCost || c.Identity.PasswordHashRounds > passwordhash.MaxBcryptCost:
		return errors.New("identity.password_hash_rounds must be from 4 to 16")
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
