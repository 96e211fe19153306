// SPDX-License-Identifier: Apache-2.0

//go:build interop

package main

import (
	"bufio"
	"encoding/json"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"needletail/auth"
	"needletail/auth/tempauth"
	"needletail/objstore/cluster/infocache"
)

// memcachedServer starts a memcached on a free port of 127.0.0.1.
func memcachedServer(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := l.Addr().String()
	_, port, _ := net.SplitHostPort(address)
	require.NoError(t, l.Close())
	cmd := exec.Command("memcached", "-u", "nobody", "-l", "127.0.0.1", "-p", port, "-m", "16")
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	require.Eventually(t, func() bool {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	}, 10*time.Second, 10*time.Millisecond)
	return address
}

// swiftTempAuth is testdata/swifttempauth.py.
type swiftTempAuth struct {
	t   *testing.T
	in  io.WriteCloser
	out *bufio.Reader
}

func startSwiftTempAuth(t *testing.T, servers []string) *swiftTempAuth {
	t.Helper()
	cmd := exec.Command("/usr/bin/python3", append([]string{"-W", "ignore", "testdata/swifttempauth.py"}, servers...)...)
	cmd.Env = append(os.Environ(), "PYTHONPATH="+os.Getenv("SWIFT_SRC"), "PYTHONDONTWRITEBYTECODE=1")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = in.Close()
		require.NoError(t, cmd.Wait())
	})
	return &swiftTempAuth{t, in, bufio.NewReader(out)}
}

func (s *swiftTempAuth) ask(path string, headers map[string]string) (status int, answer map[string]string) {
	s.t.Helper()
	line, err := json.Marshal([]any{"GET", path, headers})
	require.NoError(s.t, err)
	_, err = s.in.Write(append(line, '\n'))
	require.NoError(s.t, err)
	raw, err := s.out.ReadBytes('\n')
	require.NoError(s.t, err)
	var pair [2]json.RawMessage
	require.NoError(s.t, json.Unmarshal(raw, &pair))
	require.NoError(s.t, json.Unmarshal(pair[0], &status))
	require.NoError(s.t, json.Unmarshal(pair[1], &answer))
	return status, answer
}

// TestInteropTempAuth: a token that Swift's TempAuth gave is valid here, and the
// reverse, with the same groups; a login at the other proxy gives the same
// token. The test asks OpenStack Swift's own code: python3-swift, or the source
// in the folder $SWIFT_SRC.
func TestInteropTempAuth(t *testing.T) {
	servers := []string{memcachedServer(t), memcachedServer(t), memcachedServer(t)}
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
	swift := startSwiftTempAuth(t, servers)
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
