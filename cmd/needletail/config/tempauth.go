// SPDX-License-Identifier: Apache-2.0

package config

import (
	"errors"
	"fmt"
	"time"

	"needletail/auth/tempauth"
)

// TempAuth has the users of Swift's own login, TempAuth. Without a user the login
// is off.
type TempAuth struct {
	// Users are the users, each as "ACCOUNT:USER=KEY[,GROUP…]", the form of
	// --tempauth-user. The group .admin owns the account, .reseller_admin owns all
	// accounts, .reseller_reader reads all accounts, service may use service
	// accounts. Tokens of users that a reload leaves unchanged stay valid.
	Users []string `toml:"users" reload:"yes" secret:"yes"`
	// ResellerPrefixes are the prefixes of TempAuth's accounts.
	ResellerPrefixes []string `toml:"reseller_prefix"`
	// RequireGroup maps a reseller prefix to the group that X-Service-Token must
	// have in accounts of the prefix, for example { SERVICE = "service" } (Swift's
	// SERVICE_require_group).
	RequireGroup map[string]string `toml:"require_group"`
	// TokenLife is how long tokens are valid.
	TokenLife Duration `toml:"token_life"`
	// StorageURLScheme is the scheme of X-Storage-Url, for a server behind a TLS
	// terminator. "": the scheme of the request.
	StorageURLScheme string `toml:"storage_url_scheme" reload:"yes"`
}

func defaultTempAuth() TempAuth {
	return TempAuth{ResellerPrefixes: []string{tempauth.DefaultResellerPrefix}, TokenLife: Duration(tempauth.DefaultTokenLife)}
}

func (a *TempAuth) validate() error {
	if a.TokenLife <= 0 {
		return errors.New("token_life must be positive")
	}
	return nil
}

// ParseUsers reads the lines of Users.
func (a *TempAuth) ParseUsers() ([]tempauth.User, error) {
	users := make([]tempauth.User, len(a.Users))
	for i, line := range a.Users {
		user, err := tempauth.ParseUser(line)
		if err != nil {
			return nil, fmt.Errorf("%w: tempauth user %d: %w", ErrUsage, i+1, err)
		}
		users[i] = user
	}
	return users, nil
}

// Open returns TempAuth with its users, or nil if no user is configured: there
// is no default user. tokens keeps the tokens together with further proxies; nil
// keeps the tokens in memory.
func (a *TempAuth) Open(tokens tempauth.TokenCache) (*tempauth.Auth, error) {
	if len(a.Users) == 0 {
		return nil, nil
	}
	users, err := a.ParseUsers()
	if err != nil {
		return nil, err
	}
	opened, err := tempauth.New(tempauth.Config{
		Users:            users,
		ResellerPrefixes: a.ResellerPrefixes,
		RequireGroup:     a.RequireGroup,
		TokenLife:        time.Duration(a.TokenLife),
		Tokens:           tokens,
	})
	if err != nil {
		return nil, fmt.Errorf("%w: tempauth: %w", ErrUsage, err)
	}
	return opened, nil
}
