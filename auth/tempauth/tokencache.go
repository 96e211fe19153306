// SPDX-License-Identifier: Apache-2.0

package tempauth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"needletail/auth"
)

// TokenCache keeps values for a time, in a place that the proxies of a cluster
// share: memcached. The names and the values are those of Swift's TempAuth
// (swift/common/middleware/tempauth.py: _create_new_token):
//
//	name                      value
//	AUTH_/user/ACCOUNT:USER   "AUTH_tk…"
//	AUTH_/token/AUTH_tk…      [1796064047.5, "ACCOUNT,ACCOUNT:USER,AUTH_ACCOUNT"]
//
// The number is the end of the token in Unix seconds. All names begin with the
// first reseller prefix.
type TokenCache interface {
	// Get returns a JSON value. A value that cannot be had is not ok.
	Get(ctx context.Context, name string) (json []byte, ok bool)
	Set(ctx context.Context, name string, json []byte, life time.Duration) error
	Delete(ctx context.Context, name string) error
}

// ErrUnavailable: the token cache does not take a new token.
var ErrUnavailable = errors.New("the token cache does not take a token")

// The bounds of what comes out of the cache.
const (
	sharedTokenBytesMax = 256
	sharedValueBytesMax = 64 << 10
	sharedGroupsMax     = 1024
)

// sharedTokens are the tokens in a TokenCache.
type sharedTokens struct {
	cache  TokenCache
	prefix string // "AUTH_"
}

func (s *sharedTokens) userName(user string) string   { return s.prefix + "/user/" + user }
func (s *sharedTokens) tokenName(token string) string { return s.prefix + "/token/" + token }

// tokenOfUser returns the token that some proxy gave to a user, or "".
func (s *sharedTokens) tokenOfUser(ctx context.Context, user string) string {
	raw, ok := s.cache.Get(ctx, s.userName(user))
	var token string
	if !ok || len(raw) > sharedValueBytesMax || json.Unmarshal(raw, &token) != nil || !s.wellFormed(token) {
		return ""
	}
	return token
}

// wellFormed says whether a token may be looked up.
func (s *sharedTokens) wellFormed(token string) bool {
	return len(token) <= sharedTokenBytesMax && strings.HasPrefix(token, s.prefix+"tk")
}

// find returns the end and the groups of a live token.
func (s *sharedTokens) find(ctx context.Context, token string) (expires time.Time, groups []string, ok bool) {
	if !s.wellFormed(token) {
		return time.Time{}, nil, false
	}
	raw, ok := s.cache.Get(ctx, s.tokenName(token))
	if !ok {
		return time.Time{}, nil, false
	}
	expires, groups, err := parseShared(raw)
	return expires, groups, err == nil && time.Now().Before(expires)
}

// errSharedValue: the value of a token is of another form.
var errSharedValue = errors.New("the cached value is no token")

// parseShared reads the value of a token: [seconds, "group,group,…"]. A group
// that was not UTF-8 is refused: two of them would look the same.
func parseShared(raw []byte) (expires time.Time, groups []string, err error) {
	fail := func(why string) (time.Time, []string, error) {
		return time.Time{}, nil, fmt.Errorf("%w: %s", errSharedValue, why)
	}
	if len(raw) > sharedValueBytesMax {
		return fail("too long")
	}
	var pair []json.RawMessage
	var seconds float64
	var text string
	if json.Unmarshal(raw, &pair) != nil || len(pair) != 2 ||
		json.Unmarshal(pair[0], &seconds) != nil || json.Unmarshal(pair[1], &text) != nil {
		return fail("not a number and a text")
	}
	if !(seconds > 0 && seconds < math.MaxInt32*1000) {
		return fail("no time")
	}
	if strings.ContainsRune(text, '\uFFFD') {
		return fail("a group is not UTF-8")
	}
	if strings.Count(text, ",") >= sharedGroupsMax {
		return fail("too many groups")
	}
	groups = strings.Split(text, ",")
	if len(groups) < 2 || slices.Contains(groups, "") {
		return fail("no account, no user, or an empty group")
	}
	whole, part := math.Modf(seconds)
	return time.Unix(int64(whole), int64(part*float64(time.Second))), groups, nil
}

// appendShared is the reverse of parseShared.
func appendShared(expires time.Time, groups []string) []byte {
	seconds := float64(expires.UnixMicro()) / 1e6
	value, _ := json.Marshal([]any{seconds, strings.Join(groups, ",")}) // a number and a text have a form
	return value
}

// login returns the live token of a user whose key was right, or makes a token.
// A token with other groups than the user's is not given again.
func (s *sharedTokens) login(ctx context.Context, user string, groups []string, life time.Duration, value func() string) (Token, error) {
	if token := s.tokenOfUser(ctx, user); token != "" {
		if expires, old, ok := s.find(ctx, token); ok && sameGroups(old, groups) {
			return Token{Value: token, Expires: expires}, nil
		}
	}
	now := time.Now()
	token := Token{Value: value(), Expires: now.Add(life)}
	name, _ := json.Marshal(token.Value) // a text has a form
	err := s.cache.Set(ctx, s.tokenName(token.Value), appendShared(token.Expires, groups), life)
	if err == nil {
		err = s.cache.Set(ctx, s.userName(user), name, life)
	}
	if err != nil {
		return Token{}, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return token, nil
}

// sameGroups compares sets.
func sameGroups(a, b []string) bool {
	within := func(x, y []string) bool {
		return !slices.ContainsFunc(x, func(g string) bool { return !slices.Contains(y, g) })
	}
	return within(a, b) && within(b, a)
}

// validate returns the identity behind a token of any proxy.
func (s *sharedTokens) validate(ctx context.Context, token string) (*auth.Identity, error) {
	_, groups, ok := s.find(ctx, token)
	if !ok {
		return nil, auth.ErrInvalidToken
	}
	account := groups[0]
	_, name, _ := strings.Cut(groups[1], ":")
	return &auth.Identity{
		Source: Source, UserID: groups[1], UserName: name, ProjectID: account, ProjectName: account, Groups: groups,
	}, nil
}

// end ends the token of a user for every proxy.
func (s *sharedTokens) end(ctx context.Context, user string) {
	if token := s.tokenOfUser(ctx, user); token != "" {
		_ = s.cache.Delete(ctx, s.tokenName(token))
	}
	_ = s.cache.Delete(ctx, s.userName(user))
}
