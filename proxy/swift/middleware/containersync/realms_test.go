// SPDX-License-Identifier: Apache-2.0

package containersync

import (
	"testing"

	"github.com/stretchr/testify/require"

	"needletail/proxy/pyjson"
)

func testRealms(t testing.TB) *Realms {
	t.Helper()
	rs, err := NewRealms([]Realm{{
		Name: "us", Key: "rk", Key2: "rk2",
		Clusters: map[string]string{"dfw": "http://dfw:80/v1/", "ord": "https://ord/swift/v1"},
	}, {Name: "EMPTY", Key: "k"}}, "//us/DFW")
	require.NoError(t, err)
	return rs
}

func TestInfo(t *testing.T) {
	info := testRealms(t).Info()
	require.Equal(t, "container_sync", info.Name)
	require.Equal(t, `{"realms": {"US": {"clusters": {"DFW": {"current": true}, "ORD": {}}}}}`, string(pyjson.Marshal(info.Value)))
	none, err := NewRealms(nil, "")
	require.NoError(t, err)
	require.Equal(t, `{"realms": {}}`, string(pyjson.Marshal(none.Info().Value)))
}

func TestBadRealms(t *testing.T) {
	key := map[string]string{"c": "http://h/v1"}
	for _, c := range []struct {
		realms  []Realm
		current string
		want    string
	}{
		{[]Realm{{Key: "k"}}, "", "not a name"},
		{[]Realm{{Name: "a/b", Key: "k"}}, "", "not a name"},
		{[]Realm{{Name: "a"}}, "", "no key"},
		{[]Realm{{Name: "a", Key: "k"}, {Name: "A", Key: "k"}}, "", "twice"},
		{[]Realm{{Name: "a", Key: "k", Clusters: map[string]string{"c": "ftp://h/v1"}}}, "", "endpoint"},
		{[]Realm{{Name: "a", Key: "k", Clusters: map[string]string{"c": "http://u:secret@h/v1"}}}, "", "endpoint"},
		{[]Realm{{Name: "a", Key: "k", Clusters: map[string]string{"c": "http:///v1"}}}, "", "endpoint"},
		{[]Realm{{Name: "a", Key: "k", Clusters: key}}, "//a/d", "current"},
		{[]Realm{{Name: "a", Key: "k", Clusters: key}}, "a", "current"},
	} {
		_, err := NewRealms(c.realms, c.current)
		require.ErrorContains(t, err, c.want)
		require.NotContains(t, err.Error(), "secret")
	}
}

func TestResolve(t *testing.T) {
	rs := testRealms(t)
	to, err := rs.resolve("//US/ord/AUTH_a/c%20d/")
	require.NoError(t, err)
	require.Equal(t, "https://ord/swift/v1/AUTH_a/c%20d", to.url)
	require.Equal(t, "/swift/v1/AUTH_a/c%20d", to.path)
	to, err = rs.resolve("//us/dfw/AUTH_a/c d?")
	require.NoError(t, err)
	require.Equal(t, "http://dfw:80/v1/AUTH_a/c%20d%3F", to.url)
	require.NoError(t, rs.CheckSyncTo(""))
	require.NoError(t, rs.CheckSyncTo("//"))
	for value, want := range map[string]string{
		"//us/dfw/a":            "400 Bad Request: Invalid X-Container-Sync-To format '//us/dfw/a'",
		"//us/dfw//c":           "400 Bad Request: Invalid X-Container-Sync-To format '//us/dfw//c'",
		"//us/dfw/a/c/o":        "400 Bad Request: Invalid X-Container-Sync-To format '//us/dfw/a/c/o'",
		"//x/dfw/a/c":           "400 Bad Request: No realm key for 'x'",
		"//us/x/a/c":            "400 Bad Request: No cluster endpoint for 'us' 'x'",
		"http://127.0.0.1/v1/a": "400 Bad Request: Full URLs are not allowed for X-Container-Sync-To values. Only realm values of the format //realm/cluster/account/container are allowed.\n",
	} {
		require.EqualError(t, rs.CheckSyncTo(value), want, value)
	}
}

func FuzzResolve(f *testing.F) {
	f.Add("//us/dfw/a/c")
	f.Add("http://x")
	rs := testRealms(f)
	f.Fuzz(func(t *testing.T, value string) {
		if to, err := rs.resolve(value); err == nil {
			require.Contains(t, []string{"http://dfw:80" + to.path, "https://ord" + to.path}, to.url)
			require.Regexp(t, `^(/swift)?/v1/[!-.0-~]+/[!-.0-~]+$`, to.path)
		}
	})
}
