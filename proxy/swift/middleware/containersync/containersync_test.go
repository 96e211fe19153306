// SPDX-License-Identifier: Apache-2.0

package containersync

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"needletail/auth"
	"needletail/objstore"
	"needletail/objstore/memstore"
	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// As swift.common.container_sync_realms of 2.30.1 signs it.
func TestSignIsSwifts(t *testing.T) {
	require.Equal(t, "4656190c789ea435031ab44bfe0dfa41dfbf27b1",
		Sign("PUT", "/v1/AUTH_a/c/%C3%B6", "1402464677.04188", "nonce", "rk", "uk"))
}

func newStore(t testing.TB) objstore.Store {
	t.Helper()
	s := memstore.New(memstore.Options{Policies: objstore.DefaultPolicies()})
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	for name, key := range map[objstore.ContainerName]string{"c": "uk", "keyless": ""} {
		_, err := s.PutContainer(t.Context(), objstore.ContainerID{Account: "a", Container: name},
			objstore.PutContainerOptions{MetadataUpdate: objstore.MetadataUpdate{Set: objstore.Metadata{{Name: keyHeader, Value: key}}}})
		require.NoError(t, err)
	}
	return s
}

// ask sends a request and says what the next handler saw; nil if it saw none.
func ask(t testing.TB, r *swift.Request) (seen *swift.Request, err error) {
	t.Helper()
	c := Config{Realms: testRealms(t), Store: newStore(t)}
	_, err = New(c)(swift.HandlerFunc(func(r *swift.Request) (*web.Response, error) {
		seen = r
		return web.NewResponse(201), nil
	})).Serve(r)
	return seen, err
}

func signedRequest(method, path, timestamp, key string, lines ...string) *swift.Request {
	r := &swift.Request{Request: &web.Request{Method: method, Path: path}, InboundTimestamp: timestamp}
	if timestamp == "" {
		timestamp = "0"
	}
	r.Header.Add(authHeader, "us nonce "+Sign(method, web.Quote(path), timestamp, "nonce", key, "uk"))
	for _, l := range lines {
		name, value, _ := strings.Cut(l, ": ")
		r.Header.Add(name, value)
	}
	return r
}

func TestVerified(t *testing.T) {
	for _, key := range []string{"rk", "rk2"} {
		r, err := ask(t, signedRequest("PUT", "/v1/a/c/ö", "1402464677.04188_0000", key, "X-Copy-From: c/p",
			"Content-Type: x/y", "X-Container-Sync-Key: k"))
		require.NoError(t, err)
		require.Equal(t, objstore.Timestamp(140246467704188), r.Timestamp)
		require.Equal(t, web.Header{{Name: "Content-Type", Value: "x/y"}}, r.Header)
		require.Equal(t, []string{"cs:valid"}, r.Log.Notes)
		require.Equal(t, scope{"a", "c"}, r.Authorizer)
		require.True(t, r.Repeats)
	}
	r, err := ask(t, signedRequest("GET", "/v1/a/c", "", "rk"))
	require.NoError(t, err)
	require.Zero(t, r.Timestamp)
	require.False(t, r.Repeats)
}

func TestNotForPeers(t *testing.T) {
	for _, path := range []string{"/info", "/v1/a", "/v2/a/c/o"} {
		r, err := ask(t, &swift.Request{Request: &web.Request{Method: "PUT", Path: path, Header: web.Header{{Name: authHeader, Value: "us n s"}}}})
		require.NoError(t, err)
		require.Nil(t, r.Authorizer)
		require.False(t, r.Repeats)
	}
	r, err := ask(t, &swift.Request{Request: &web.Request{Method: "PUT", Path: "/v1/a/c/o",
		Header: web.Header{{Name: "X-Container-Sync-Sysmeta-Slo-Etag", Value: "forged"}}}, InboundTimestamp: "5",
	})
	require.NoError(t, err)
	require.Nil(t, r.Authorizer)
	require.Zero(t, r.Timestamp)
	require.False(t, r.Header.Has("X-Object-Sysmeta-Slo-Etag"))
	require.False(t, r.Repeats)
}

func TestRefused(t *testing.T) {
	valid := signedRequest("PUT", "/v1/a/c/o", "5.00000", "rk").Header.Get(authHeader)
	for _, c := range []struct{ method, path, timestamp, line, note string }{
		{"PUT", "/v1/a/c/o", "5.00000", "us nonce", "not-3-args"},
		{"PUT", "/v1/a/c/o", "5.00000", valid + " more", "not-3-args"},
		{"PUT", "/v1/a/c/o", "5.00000", strings.Replace(valid, "us", "uk", 1), "no-local-realm-key"},
		{"PUT", "/v1/a/keyless/o", "5.00000", valid, "no-local-user-key"},
		{"PUT", "/v1/a/missing/o", "5.00000", valid, "no-local-user-key"},
		{"DELETE", "/v1/a/c/o", "5.00000", valid, "invalid-sig"},
		{"PUT", "/v1/a/c/p", "5.00000", valid, "invalid-sig"},
		{"PUT", "/v1/a/c/o", "6.00000", valid, "invalid-sig"},
		{"PUT", "/v1/a/c/o", "", valid, "invalid-sig"},
		{"PUT", "/v1/a/c/o", "5.00000", strings.Replace(valid, "nonce", "other", 1), "invalid-sig"},
		{"PUT", "/v1/a/c/o", "5.00000", valid[:len(valid)-1], "invalid-sig"},
	} {
		r := &swift.Request{Request: &web.Request{Method: c.method, Path: c.path}, InboundTimestamp: c.timestamp}
		r.Header.Add(authHeader, c.line)
		seen, err := ask(t, r)
		require.Nil(t, seen, c.note)
		res := web.ErrorResponse(err)
		require.Equal(t, 401, res.Status)
		require.Equal(t, `SwiftContainerSync realm="a"`, res.Header.Get("Www-Authenticate"))
		require.Equal(t, []string{"cs:" + c.note}, r.Log.Notes)
		require.NotContains(t, err.Error(), "rk")
	}
}

func TestBadTimestamps(t *testing.T) {
	ahead := strconv.FormatInt(time.Now().Unix()+2*maxAheadSeconds, 10)
	for _, timestamp := range []string{"x", "-5", "0", "nan", ahead} {
		seen, err := ask(t, signedRequest("PUT", "/v1/a/c/o", timestamp, "rk"))
		require.Nil(t, seen, timestamp)
		require.Equal(t, 400, web.ErrorResponse(err).Status, timestamp)
	}
}

func TestSysmetaTravels(t *testing.T) {
	info := &objstore.ObjectInfo{ContentType: "x/y", ETag: "e", Modified: 5, DeleteAt: 7, Metadata: objstore.Metadata{
		{Name: "X-Object-Meta-A", Value: "b"}, {Name: "X-Object-Sysmeta-Other", Value: "secret"},
		{Name: "X-Object-Sysmeta-Slo-Etag", Value: "s"}, {Name: "X-Object-Sysmeta-Symlink-Target", Value: "c/o"},
		{Name: "X-Static-Large-Object", Value: "True"},
	}}
	r := signedRequest("PUT", "/v1/a/c/o", "5", "rk", "X-Container-Sync-Sysmeta-Other: no")
	for name, values := range putHeader(info) {
		r.Header.Add(name, values[0])
	}
	r, err := ask(t, r)
	require.NoError(t, err)
	got := map[string]string{}
	for _, f := range r.Header {
		got[f.Name] = f.Value
	}
	require.Equal(t, map[string]string{
		"Content-Type": "x/y", "Etag": "e", "X-Timestamp": "0000000000.00005", "X-Delete-At": "7", "X-Object-Meta-A": "b",
		"X-Object-Sysmeta-Slo-Etag": "s", "X-Object-Sysmeta-Symlink-Target": "c/o",
	}, got)
}

func TestScope(t *testing.T) {
	for _, c := range []struct {
		a    auth.Access
		want bool
	}{
		{auth.Access{Method: "PUT", Account: "a", Container: "c", Object: "o"}, true},
		{auth.Access{Method: "GET", Account: "a", Container: "c"}, true},
		{auth.Access{Method: "POST", Account: "a", Container: "c"}, false},
		{auth.Access{Method: "DELETE", Account: "a", Container: "c"}, false},
		{auth.Access{Method: "GET", Account: "a"}, false},
		{auth.Access{Method: "GET", Account: "a", Container: "d", Object: "o"}, false},
		{auth.Access{Method: "GET", Account: "b", Container: "c", Object: "o"}, false},
	} {
		require.Equal(t, auth.Grant{Allowed: c.want}, scope{"a", "c"}.Authorize(nil, c.a), "%+v", c.a)
	}
}

func FuzzAuthLine(f *testing.F) {
	f.Add("us nonce 00", "5")
	f.Add("a", "")
	f.Fuzz(func(t *testing.T, line, timestamp string) {
		r := &swift.Request{Request: &web.Request{Method: "PUT", Path: "/v1/a/c/o"}, InboundTimestamp: timestamp}
		r.Header.Add(authHeader, line)
		seen, err := ask(t, r)
		require.Equal(t, line == "", seen != nil)
		require.Equal(t, line == "", err == nil)
	})
}
