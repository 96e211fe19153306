// SPDX-License-Identifier: Apache-2.0

//go:build interop

package main

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"needletail/auth"
	"needletail/auth/tempauth"
	"needletail/objstore/cluster/infocache"
	"needletail/objstore/cluster/swiftpeer"
)

// swiftTempAuth is testdata/swifttempauth.py.
type swiftTempAuth struct{ *swiftpeer.Peer }

// ask sends a GET to Swift's TempAuth.
func (s swiftTempAuth) ask(path string, headers map[string]string) (status int, answer map[string]string) {
	s.Ask(&[2]any{&status, &answer}, "GET", path, headers)
	return status, answer
}

// TestInteropTempAuth: a token that Swift's TempAuth gave is valid here, and the
// reverse, with the same groups; a login at the other proxy gives the same
// token. The test asks OpenStack Swift's own code: python3-swift, or the source
// in the folder $SWIFT_SRC.
func TestInteropTempAuth(t *testing.T) {
	servers := []string{swiftpeer.Memcached(t), swiftpeer.Memcached(t), swiftpeer.Memcached(t)}
	cache, err := infocache.New(infocache.Config{Servers: servers})
	require.NoError(t, err)
	defer func() { require.NoError(t, cache.Close()) }()
	var users []tempauth.User
	for _, line := range []string{"test:tester=testing,.admin,x", "test2:tester2=testing2", "svc:s=k,service"} {
		u, err := tempauth.ParseUser(line)
		require.NoError(t, err)
		users = append(users, u)
	}
	ours, err := tempauth.New(tempauth.Config{
		Users: users, ResellerPrefixes: []string{"AUTH", "SERVICE"}, TokenLife: time.Hour, Tokens: cache,
	})
	require.NoError(t, err)
	swift := swiftTempAuth{swiftpeer.Start(t, "testdata/swifttempauth.py", servers...)}
	login := func(user, key string) string {
		status, answer := swift.ask("/auth/v1.0", map[string]string{"X-Auth-User": user, "X-Auth-Key": key})
		require.Equal(t, 200, status)
		return answer["X-Auth-Token"]
	}

	theirs := login("test:tester", "testing")
	id, err := ours.Validate(t.Context(), theirs)
	require.NoError(t, err)
	require.Equal(t, "test:tester", id.UserID)
	token, err := ours.Login(t.Context(), "test", "tester", "testing")
	require.NoError(t, err)
	require.Equal(t, theirs, token.Value, "the token of Swift's proxy is given again")
	require.WithinDuration(t, time.Now().Add(time.Hour), token.Expires, 10*time.Second)
	_, answer := swift.ask("/v1/AUTH_test", map[string]string{"X-Auth-Token": theirs})
	require.Equal(t, strings.Split(answer["X-Groups"], ","), id.Groups)

	token, err = ours.Login(t.Context(), "test2", "tester2", "testing2")
	require.NoError(t, err)
	status, answer := swift.ask("/v1/AUTH_test2", map[string]string{"X-Auth-Token": token.Value})
	require.Equal(t, 200, status)
	require.Equal(t, "test2,test2:tester2", answer["X-Groups"])
	require.Equal(t, token.Value, login("test2:tester2", "testing2"), "the token of our proxy is given again")

	require.NoError(t, ours.SetUsers(t.Context(), users[:1]))
	status, _ = swift.ask("/v1/AUTH_test2", map[string]string{"X-Auth-Token": token.Value})
	require.Equal(t, 401, status, "a user who left has no token anywhere")
	status, _ = swift.ask("/v1/AUTH_test", map[string]string{"X-Auth-Token": "AUTH_tk0"})
	require.Equal(t, 401, status)
	_, err = ours.Validate(t.Context(), "AUTH_tk0")
	require.ErrorIs(t, err, auth.ErrInvalidToken)
}
