// SPDX-License-Identifier: Apache-2.0

package tempauth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"needletail/auth"
)

// Source is the auth.Identity.Source of this package's identities.
const Source = "tempauth"

// DefaultTokenLife is Swift's token_life.
const DefaultTokenLife = 86400 * time.Second

// DefaultResellerPrefix is Swift's reseller_prefix.
const DefaultResellerPrefix = "AUTH"

// Config is the argument of New. Zero values mean the defaults.
type Config struct {
	Users []User
	// ResellerPrefixes, such as "AUTH", "SERVICE"; a missing "_" is added.
	// Tokens and storage URLs carry the first prefix. Swift's empty prefix is
	// not supported.
	ResellerPrefixes []string
	// RequireGroup maps a reseller prefix to a group. A request below the
	// prefix needs the group on a service token, besides the owner's own token.
	RequireGroup map[string]string
	TokenLife    time.Duration
	// Tokens, if not nil, keeps the tokens, together with further proxies of a
	// cluster. nil: the tokens are in memory.
	Tokens TokenCache
}

// ErrDenied: the user is unknown or the key is wrong. The text does not tell
// the two apart.
var ErrDenied = errors.New("unknown user or wrong key")

// Auth holds the users and their live tokens. An Auth is safe for concurrent
// use.
type Auth struct {
	prefixes     []string          // "AUTH_"
	requireGroup map[string]string // by "SERVICE_"
	life         time.Duration
	shared       *sharedTokens // nil: the tokens are in memory

	mu     sync.Mutex
	users  map[string]*account            // by "account:user"
	tokens map[[sha256.Size]byte]*account // by the token's digest; see Validate
}

// account is a user with the user's digest of the key, identity and live token.
type account struct {
	keyDigest [sha256.Size]byte
	identity  auth.Identity
	token     Token // guarded by Auth.mu
}

// Token is the result of a login.
type Token struct {
	Value   string
	Expires time.Time
	// StorageAccount is the user's Swift account, "AUTH_test".
	StorageAccount string
}

// New checks the configuration. Two users of one name are an error. An account
// whose name begins with a reseller prefix is an error too: the account's own
// group would own another account.
func New(c Config) (*Auth, error) {
	a := &Auth{
		requireGroup: map[string]string{},
		tokens:       map[[sha256.Size]byte]*account{},
		life:         c.TokenLife,
	}
	if a.life <= 0 {
		a.life = DefaultTokenLife
	}
	if c.ResellerPrefixes == nil {
		c.ResellerPrefixes = []string{DefaultResellerPrefix}
	}
	for _, p := range c.ResellerPrefixes {
		if !isWord(p) {
			return nil, fmt.Errorf("tempauth: reseller prefix %q is not a word", p)
		}
		a.prefixes = append(a.prefixes, normalPrefix(p))
	}
	if len(a.prefixes) == 0 {
		return nil, errors.New("tempauth: no reseller prefix")
	}
	if c.Tokens != nil {
		a.shared = &sharedTokens{c.Tokens, a.prefixes[0]}
	}
	for p, group := range c.RequireGroup {
		if a.prefixOf(normalPrefix(p)) == "" || !isWord(group) {
			return nil, fmt.Errorf("tempauth: group %q is required for %q, which is no reseller prefix", group, p)
		}
		a.requireGroup[normalPrefix(p)] = group
	}
	var err error
	if a.users, err = a.accounts(c.Users); err != nil {
		return nil, err
	}
	return a, nil
}

// SetUsers replaces all users. The tokens of unchanged users stay valid, all
// further tokens end. After an error nothing has changed.
func (a *Auth) SetUsers(ctx context.Context, users []User) error {
	next, err := a.accounts(users)
	if err != nil {
		return err
	}
	ended := a.replace(next)
	if a.shared != nil {
		for _, name := range ended {
			a.shared.end(ctx, name)
		}
	}
	return nil
}

// replace puts the next users in place and returns the names of the users who
// changed or left.
func (a *Auth) replace(next map[string]*account) (ended []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for name, now := range a.users {
		if then := next[name]; then != nil && then.keyDigest == now.keyDigest && slices.Equal(then.identity.Groups, now.identity.Groups) {
			next[name] = now
			continue
		}
		delete(a.tokens, sha256.Sum256([]byte(now.token.Value)))
		ended = append(ended, name)
	}
	a.users = next
	return ended
}

// accounts checks the users and returns them by "account:user".
func (a *Auth) accounts(users []User) (map[string]*account, error) {
	all := map[string]*account{}
	for _, u := range users {
		if err := a.add(all, u); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// add checks a user and adds the user to all.
func (a *Auth) add(all map[string]*account, u User) error {
	if err := u.validate(); err != nil {
		return err
	}
	if all[u.Group()] != nil {
		return fmt.Errorf("tempauth user %q is given twice", u.Group())
	}
	if a.prefixOf(u.Account) != "" {
		return fmt.Errorf("tempauth user %q: the account begins with a reseller prefix", u.Group())
	}
	all[u.Group()] = &account{
		keyDigest: sha256.Sum256([]byte(u.Key)),
		identity: auth.Identity{
			Source: Source, UserID: u.Group(), UserName: u.Name,
			ProjectID: u.Account, ProjectName: u.Account,
			Groups: a.groups(u),
		},
		token: Token{StorageAccount: a.prefixes[0] + u.Account},
	}
	return nil
}

// groups returns the groups of a user (TempAuth._get_user_groups).
func (a *Auth) groups(u User) []string {
	groups := []string{u.Account, u.Group()}
	admin := false
	for _, g := range u.Groups {
		if g == groupAdmin {
			admin = true
			continue
		}
		groups = append(groups, g)
	}
	if admin {
		for _, p := range a.prefixes {
			groups = append(groups, p+u.Account)
		}
	}
	return groups
}

// normalPrefix ends a prefix with exactly one '_', as
// config_read_reseller_options does.
func normalPrefix(p string) string { return strings.TrimRight(p, "_") + "_" }

// ResellerPrefixes returns the configured prefixes, "AUTH_" first.
func (a *Auth) ResellerPrefixes() []string { return slices.Clone(a.prefixes) }

// prefixOf returns the reseller prefix of a Swift account, or "".
func (a *Auth) prefixOf(swiftAccount string) string {
	for _, p := range a.prefixes {
		if strings.HasPrefix(swiftAccount, p) {
			return p
		}
	}
	return ""
}

// Owns says whether the Swift account lies under a reseller prefix.
func (a *Auth) Owns(swiftAccount string) bool { return a.prefixOf(swiftAccount) != "" }

// IsToken says whether the token, valid or not, is a token of this package:
// then no further middleware needs to be asked.
func (a *Auth) IsToken(token string) bool { return strings.HasPrefix(token, a.prefixes[0]) }

// Login exchanges a key for the user's live token, or for a new token if the
// old token has expired. The error is ErrDenied, or ErrUnavailable if a new
// token cannot be kept for further proxies. An unknown user takes as long as a
// wrong key.
func (a *Auth) Login(ctx context.Context, accountName, user, key string) (Token, error) {
	acct, token, err := a.check(accountName+":"+user, key)
	if err != nil || a.shared == nil {
		return token, err
	}
	token, err = a.shared.login(ctx, acct.identity.UserID, acct.identity.Groups, a.life, a.newTokenValue)
	token.StorageAccount = acct.token.StorageAccount
	return token, err
}

// check returns the user of a name and a key, or ErrDenied. Without a shared
// cache the user has a live token afterwards, in the same step: no change of
// the users comes in between.
func (a *Auth) check(name, key string) (*account, Token, error) {
	var nobody account
	a.mu.Lock()
	defer a.mu.Unlock()
	acct, known := a.users[name]
	if !known {
		acct = &nobody
	}
	given := sha256.Sum256([]byte(key))
	if subtle.ConstantTimeCompare(given[:], acct.keyDigest[:]) != 1 || !known {
		return nil, Token{}, ErrDenied
	}
	now := time.Now()
	if a.shared == nil && (acct.token.Value == "" || !now.Before(acct.token.Expires)) {
		delete(a.tokens, sha256.Sum256([]byte(acct.token.Value)))
		acct.token.Value = a.newTokenValue()
		acct.token.Expires = now.Add(a.life)
		a.tokens[sha256.Sum256([]byte(acct.token.Value))] = acct
	}
	return acct, acct.token, nil
}

// newTokenValue returns "AUTH_tk" and 32 hex digits: 128 random bits.
func (a *Auth) newTokenValue() string {
	var random [16]byte
	_, _ = rand.Read(random[:]) // crypto/rand.Read does not fail
	return a.prefixes[0] + "tk" + hex.EncodeToString(random[:])
}

// Validate returns a token's identity, which the caller may change, or
// auth.ErrInvalidToken. The look-up goes by the token's digest, in a TokenCache
// too: the time of a look-up by the token itself could tell how much of a guess
// is right.
func (a *Auth) Validate(ctx context.Context, token string) (*auth.Identity, error) {
	if a.shared != nil {
		return a.shared.validate(ctx, token)
	}
	var room [64]byte // no token of ours is longer
	digest := sha256.Sum256(append(room[:0], token...))
	a.mu.Lock()
	defer a.mu.Unlock()
	acct, ok := a.tokens[digest]
	if !ok || !time.Now().Before(acct.token.Expires) {
		return nil, auth.ErrInvalidToken
	}
	id := acct.identity
	return &id, nil
}
