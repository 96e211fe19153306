// SPDX-License-Identifier: Apache-2.0

package tempauth

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"needletail/auth"
)

func TestParseUser(t *testing.T) {
	u, err := ParseUser("test:tester=te:st=ing,.admin,x")
	require.NoError(t, err)
	require.Equal(t, User{Account: "test", Name: "tester", Key: "te:st=ing", Groups: []string{".admin", "x"}}, u)
	u, err = ParseUser("test:a:b=k")
	require.NoError(t, err)
	require.Equal(t, "test:a:b", u.Group())
	for _, bad := range []string{"", "test", "test:tester", "test=k", ":u=SECRET", "a:=SECRET", "a:b=", "a:b=SECRET,",
		"a/b:c=SECRET", "a:b\n=SECRET", "a:b=SECRET,x y"} {
		_, err := ParseUser(bad)
		require.Error(t, err, "%q", bad)
		require.NotContains(t, err.Error(), "SECRET")
	}
}

func TestUserPrintsWithoutItsKey(t *testing.T) {
	u := User{Account: "a", Name: "b", Key: "SECRET"}
	for _, s := range []string{fmt.Sprint(u), fmt.Sprintf("%+v %#v", u, u), u.LogValue().String()} {
		require.NotContains(t, s, "SECRET")
	}
}

func FuzzParseUser(f *testing.F) {
	f.Add("test:tester=testing,.admin")
	f.Add("::=,")
	f.Fuzz(func(t *testing.T, line string) {
		u, err := ParseUser(line)
		if err != nil {
			return
		}
		require.Equal(t, line, u.Group()+"="+strings.Join(append([]string{u.Key}, u.Groups...), ","))
		require.NoError(t, u.validate())
	})
}

func newTestAuth(t *testing.T) *Auth {
	t.Helper()
	var users []User
	for _, line := range []string{
		"admin:admin=admin,.admin,.reseller_admin", "admin:auditor=admin_ro,.reseller_reader",
		"test:tester=testing,.admin", "test:tester3=testing3", "test2:tester2=testing2,.admin",
		"test5:tester5=testing5,service",
	} {
		u, err := ParseUser(line)
		require.NoError(t, err)
		users = append(users, u)
	}
	a, err := New(Config{
		Users: users, ResellerPrefixes: []string{"AUTH", "SERVICE_"},
		RequireGroup: map[string]string{"SERVICE": "service"},
	})
	require.NoError(t, err)
	return a
}

func TestNewRefuses(t *testing.T) {
	u := User{Account: "a", Name: "b", Key: "k"}
	for name, c := range map[string]Config{
		"a user twice":           {Users: []User{u, u}},
		"no key":                 {Users: []User{{Account: "a", Name: "b"}}},
		"an account as a prefix": {Users: []User{{Account: "AUTH_a", Name: "b", Key: "k"}}},
		"an empty prefix":        {ResellerPrefixes: []string{""}},
		"no prefix":              {ResellerPrefixes: []string{}},
		"a foreign prefix":       {RequireGroup: map[string]string{"X": "y"}},
	} {
		_, err := New(c)
		require.Error(t, err, name)
	}
}

func TestLoginAndTokenLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newTestAuth(t)
		for _, c := range [][3]string{{"test", "tester", "testing3"}, {"test", "nobody", "testing"}, {"test", "tester", ""},
			{"", "", ""}, {"test", "", "testing"}, {"", "test:tester", "testing"}} {
			_, err := a.Login(t.Context(), c[0], c[1], c[2])
			require.ErrorIs(t, err, ErrDenied, "%q", c)
		}
		first, err := a.Login(t.Context(), "test", "tester", "testing")
		require.NoError(t, err)
		require.Regexp(t, regexp.MustCompile(`^AUTH_tk[0-9a-f]{32}$`), first.Value)
		require.Equal(t, "AUTH_test", first.StorageAccount)
		require.True(t, a.IsToken(first.Value))

		time.Sleep(DefaultTokenLife - time.Second)
		again, err := a.Login(t.Context(), "test", "tester", "testing")
		require.NoError(t, err)
		require.Equal(t, first, again, "the token lives on")
		id, err := a.Validate(t.Context(), first.Value)
		require.NoError(t, err)
		require.Equal(t, "test:tester", id.UserID)
		require.Equal(t, []string{"test", "test:tester", "AUTH_test", "SERVICE_test"}, id.Groups)

		time.Sleep(time.Second)
		_, err = a.Validate(t.Context(), first.Value)
		require.ErrorIs(t, err, auth.ErrInvalidToken)
		second, err := a.Login(t.Context(), "test", "tester", "testing")
		require.NoError(t, err)
		require.NotEqual(t, first.Value, second.Value)
		_, err = a.Validate(t.Context(), first.Value)
		require.ErrorIs(t, err, auth.ErrInvalidToken)
		_, err = a.Validate(t.Context(), second.Value)
		require.NoError(t, err)
		require.Len(t, a.tokens, 1, "the old token is forgotten")
		_, err = a.Validate(t.Context(), "")
		require.ErrorIs(t, err, auth.ErrInvalidToken)
	})
}

// BenchmarkValidate is what each request with a token pays.
func BenchmarkValidate(b *testing.B) {
	u, err := ParseUser("a:b=k,.admin")
	require.NoError(b, err)
	a, err := New(Config{Users: []User{u}})
	require.NoError(b, err)
	token, err := a.Login(b.Context(), "a", "b", "k")
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := a.Validate(b.Context(), token.Value); err != nil {
			b.Fatal(err)
		}
	}
}
