// SPDX-License-Identifier: Apache-2.0

package config

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"needletail/auth/identity"
	"needletail/auth/passwordhash"
)

// Identity is about the built-in Keystone.
type Identity struct {
	// TokenLifetime is how long tokens are valid.
	TokenLifetime Duration `toml:"token_lifetime"`
	// Region is the region of the service catalog.
	Region string `toml:"region"`
	// PasswordHashRounds is bcrypt's cost, from 4 to 16 (Keystone's option of the
	// same name). After the cost was raised, a password is hashed anew at the next
	// login.
	PasswordHashRounds int `toml:"password_hash_rounds"`
	// AuthMethods are the methods of logging in: "password", "token",
	// "application_credential" and "totp" (Keystone's [auth] methods).
	AuthMethods []string `toml:"auth_methods"`
	// ListLimit is how many elements a list may have; a longer list is cut and
	// says "truncated": true (Keystone's option of the same name). 0: no limit.
	ListLimit int `toml:"list_limit" reload:"yes"`
	// OperatorRoles are the roles that own the account of a project, also with
	// an external Keystone (Swift's operator_roles).
	OperatorRoles []string `toml:"operator_roles" reload:"yes"`
}

// Security bounds the failed logins at the built-in Keystone, with the names of
// Keystone's [security_compliance].
type Security struct {
	// LockoutFailureAttempts is how many failed logins in a row lock a user out.
	// 0: never.
	LockoutFailureAttempts int `toml:"lockout_failure_attempts"`
	// LockoutDuration is how long a user is locked out. The lock also ends when an
	// admin updates the user, or at a restart.
	LockoutDuration Duration `toml:"lockout_duration"`
}

func defaultIdentity() Identity {
	return Identity{
		TokenLifetime:      Duration(time.Hour), // Keystone's default
		Region:             "RegionOne",
		OperatorRoles:      []string{"admin", "swiftoperator", "member"},
		PasswordHashRounds: 12,
		AuthMethods:        identity.DefaultMethods(),
	}
}

func (i *Identity) validate() error {
	known := append(identity.DefaultMethods(), identity.MethodTOTP)
	for _, m := range i.AuthMethods {
		if !slices.Contains(known, m) {
			return fmt.Errorf("auth_methods: there is no method %q", m)
		}
	}
	switch {
	case i.TokenLifetime <= 0:
		return errors.New("token_lifetime must be positive")
	case i.ListLimit < 0:
		return errors.New("list_limit is negative")
	case i.PasswordHashRounds < passwordhash.MinBcryptCost || i.PasswordHashRounds > passwordhash.MaxBcryptCost:
		return errors.New("password_hash_rounds must be from 4 to 16")
	case len(i.AuthMethods) == 0:
		return errors.New("auth_methods is empty")
	}
	return nil
}

func (s *Security) validate() error {
	switch {
	case s.LockoutFailureAttempts < 0:
		return errors.New("lockout_failure_attempts is negative")
	case s.LockoutDuration <= 0:
		return errors.New("lockout_duration must be positive")
	}
	return nil
}

// IdentityDir returns the folder of the database of identities.
func IdentityDir(data string) string { return filepath.Join(data, "identity") }

// KeyDir returns the folder of the keys of tokens.
func KeyDir(data string) string { return filepath.Join(IdentityDir(data), "fernet-keys") }

// IdentityOptions returns the settings of the identity store. The caller adds
// the settings of the second copy.
func (c *Config) IdentityOptions() identity.Options {
	return identity.Options{
		Dir:       IdentityDir(c.Data),
		KeyDir:    KeyDir(c.Data),
		TokenLife: time.Duration(c.Identity.TokenLifetime),
		Methods:   c.Identity.AuthMethods,

		BcryptCost: c.Identity.PasswordHashRounds,

		LockoutAttempts: c.Security.LockoutFailureAttempts,
		LockoutDuration: time.Duration(c.Security.LockoutDuration),
	}
}
