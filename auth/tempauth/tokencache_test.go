// SPDX-License-Identifier: Apache-2.0

package tempauth

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"needletail/auth"
)

// mapCache is a TokenCache that forgets nothing by itself: the end that a value
// tells must be enough.
type mapCache struct {
	mu     sync.Mutex
	values map[string]string
	lives  map[string]time.Duration
	broken error
}

func newMapCache() *mapCache {
	return &mapCache{values: map[string]string{}, lives: map[string]time.Duration{}}
}

func (m *mapCache) Get(_ context.Context, name string) ([]byte, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	v, ok := m.values[name]
	return []byte(v), ok && m.broken == nil
}

func (m *mapCache) Set(_ context.Context, name string, json []byte, life time.Duration) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.broken == nil {
		m.values[name], m.lives[name] = string(json), life
	}
	return m.broken
}

func (m *mapCache) Delete(_ context.Context, name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.values, name)
	return m.broken
}

// proxyOf is a proxy over a cache, with a user.
func proxyOf(t *testing.T, cache TokenCache, lines ...string) *Auth {
	t.Helper()
	var users []User
	for _, line := range lines {
		u, err := ParseUser(line)
		require.NoError(t, err)
		users = append(users, u)
	}
	a, err := New(Config{Users: users, ResellerPrefixes: []string{"AUTH", "SERVICE"}, Tokens: cache, TokenLife: time.Hour})
	require.NoError(t, err)
	return a
}

const tester = "test:tester=testing,.admin,x"

func TestProxiesShareTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		cache := newMapCache()
		one, two := proxyOf(t, cache, tester), proxyOf(t, cache, tester)
		token, err := one.Login(ctx, "test", "tester", "testing")
		require.NoError(t, err)
		require.Regexp(t, regexp.MustCompile(`^AUTH_tk[0-9a-f]{32}$`), token.Value)
		require.Equal(t, "AUTH_test", token.StorageAccount)
		require.Equal(t, time.Now().Add(time.Hour), token.Expires)
		require.Equal(t, `"`+token.Value+`"`, cache.values["AUTH_/user/test:tester"])
		require.Equal(t, fmt.Sprintf(`[%d, "test,test:tester,x,AUTH_test,SERVICE_test"]`, token.Expires.Unix()),
			strings.Replace(cache.values["AUTH_/token/"+token.Value], ",", ", ", 1))
		require.Equal(t, time.Hour, cache.lives["AUTH_/user/test:tester"])
		require.Equal(t, time.Hour, cache.lives["AUTH_/token/"+token.Value])

		again, err := two.Login(ctx, "test", "tester", "testing")
		require.NoError(t, err)
		require.Equal(t, token, again, "another proxy gives the same token")
		id, err := two.Validate(ctx, token.Value)
		require.NoError(t, err)
		require.Equal(t, &auth.Identity{
			Source: Source, UserID: "test:tester", UserName: "tester", ProjectID: "test", ProjectName: "test",
			Groups: []string{"test", "test:tester", "x", "AUTH_test", "SERVICE_test"},
		}, id)
		_, err = two.Login(ctx, "test", "tester", "wrong")
		require.ErrorIs(t, err, ErrDenied)
		_, err = two.Login(ctx, "test", "nobody", "testing")
		require.ErrorIs(t, err, ErrDenied)

		time.Sleep(time.Hour - time.Second)
		_, err = two.Validate(ctx, token.Value)
		require.NoError(t, err)
		time.Sleep(time.Second)
		_, err = two.Validate(ctx, token.Value)
		require.ErrorIs(t, err, auth.ErrInvalidToken, "the value tells its end")
		next, err := two.Login(ctx, "test", "tester", "testing")
		require.NoError(t, err)
		require.NotEqual(t, token.Value, next.Value)
		require.Empty(t, one.tokens, "nothing is kept in memory")
	})
}

// TestOtherGroupsOtherToken: a token with the groups of an earlier configuration
// is not given again.
func TestOtherGroupsOtherToken(t *testing.T) {
	ctx := t.Context()
	cache := newMapCache()
	one, two := proxyOf(t, cache, tester), proxyOf(t, cache, "test:tester=testing,.admin")
	first, err := one.Login(ctx, "test", "tester", "testing")
	require.NoError(t, err)
	second, err := two.Login(ctx, "test", "tester", "testing")
	require.NoError(t, err)
	require.NotEqual(t, first.Value, second.Value)
	cache.values["AUTH_/token/"+second.Value] = `[99999999999.5, "SERVICE_test,AUTH_test,test:tester,test"]`
	third, err := two.Login(ctx, "test", "tester", "testing")
	require.NoError(t, err)
	require.Equal(t, second.Value, third.Value, "the order does not count")
}

func TestSetUsersEndsSharedTokens(t *testing.T) {
	ctx := t.Context()
	cache := newMapCache()
	a := proxyOf(t, cache, tester, "test:stays=k")
	token, err := a.Login(ctx, "test", "tester", "testing")
	require.NoError(t, err)
	stays, err := a.Login(ctx, "test", "stays", "k")
	require.NoError(t, err)
	require.NoError(t, a.SetUsers(ctx, []User{{Account: "test", Name: "stays", Key: "k"}}))
	_, err = a.Validate(ctx, token.Value)
	require.ErrorIs(t, err, auth.ErrInvalidToken)
	_, err = a.Validate(ctx, stays.Value)
	require.NoError(t, err)
	require.Len(t, cache.values, 2)
}

func TestCacheFails(t *testing.T) {
	ctx := t.Context()
	cache := newMapCache()
	a := proxyOf(t, cache, tester)
	token, err := a.Login(ctx, "test", "tester", "testing")
	require.NoError(t, err)
	cache.broken = errors.New("no server")
	_, err = a.Login(ctx, "test", "tester", "testing")
	require.ErrorIs(t, err, ErrUnavailable)
	require.ErrorIs(t, err, cache.broken)
	_, err = a.Login(ctx, "test", "tester", "wrong")
	require.ErrorIs(t, err, ErrDenied, "a wrong key is told first")
	_, err = a.Validate(ctx, token.Value)
	require.ErrorIs(t, err, auth.ErrInvalidToken)
	require.NoError(t, a.SetUsers(ctx, nil))
}

// TestForeignNames: a token must not name another kind of value.
func TestForeignNames(t *testing.T) {
	cache := newMapCache()
	a := proxyOf(t, cache, tester)
	value := `[99999999999.5, "test,test:tester"]`
	long := "AUTH_tk" + strings.Repeat("0", sharedTokenBytesMax-len("AUTH_tk"))
	for token, ok := range map[string]bool{
		"AUTH_tk0": true, "AUTH_x": false, "": false, "SERVICE_tk0": false, "AUTH_ftk0": false, long: true, long + "0": false,
	} {
		cache.values["AUTH_/token/"+token] = value
		_, err := a.Validate(t.Context(), token)
		require.Equal(t, ok, err == nil, token)
	}
}

func TestParseShared(t *testing.T) {
	expires, groups, err := parseShared([]byte(`[1796064047.5, "a,a:b,AUTH_a"]`))
	require.NoError(t, err)
	require.Equal(t, int64(1796064047), expires.Unix())
	require.Equal(t, 500*time.Millisecond, time.Duration(expires.Nanosecond()))
	require.Equal(t, []string{"a", "a:b", "AUTH_a"}, groups)
	many := strings.TrimSuffix(strings.Repeat("g,", sharedGroupsMax), ",")
	_, groups, err = parseShared([]byte(`[1, "` + many + `"]`))
	require.NoError(t, err)
	require.Len(t, groups, sharedGroupsMax)
	full := `[1, "a,` + strings.Repeat("b", sharedValueBytesMax-len(`[1, "a,"]`)) + `"]`
	_, _, err = parseShared([]byte(full))
	require.NoError(t, err)
	for _, bad := range []string{"", "null", "{}", "[]", `[1]`, `["1", "a,b"]`, `[1, 2]`, `[1, "a,b", 3]`, `[1, "a"]`, `[1, ""]`, `[1, "a,"]`,
		`[1, ",b"]`, `[-1, "a,b"]`, `[0, "a,b"]`, `[1e300, "a,b"]`, `[NaN, "a,b"]`, `[null, "a,b"]`, `[1, "a,\udcff"]`,
		`[1, "` + many + `,g"]`, strings.Replace(full, "bb", "bbb", 1)} {
		_, _, err := parseShared([]byte(bad))
		require.ErrorIs(t, err, errSharedValue, "%.60s", bad)
	}
}

// FuzzParseShared wants a value that is read to be the same after it is written
// and read again.
func FuzzParseShared(f *testing.F) {
	f.Add([]byte(`[1796064047.5, "a,a:b,AUTH_a"]`))
	f.Add([]byte(`[1e9, "\u00e9,\ud83d\ude00"]`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		expires, groups, err := parseShared(raw)
		if err != nil {
			return
		}
		again, same, err := parseShared(appendShared(expires, groups))
		if expires.UnixMicro() == 0 {
			return // a time below the resolution
		}
		require.NoError(t, err)
		require.Equal(t, groups, same)
		require.WithinDuration(t, expires, again, time.Second)
	})
}
