// SPDX-License-Identifier: Apache-2.0

package infocache

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"needletail/objstore"
)

func local1(t *testing.T, c Config) (*Cache, *time.Time) {
	t.Helper()
	cache, err := New(c)
	require.NoError(t, err)
	now := time.Unix(1_700_000_000, 0)
	cache.backend.(*local).now = func() time.Time { return now }
	return cache, &now
}

var container = objstore.ContainerID{Account: "AUTH_a", Container: "c"}

func TestLivesInTheProcess(t *testing.T) {
	ctx := context.Background()
	c, now := local1(t, Config{})
	require.False(t, c.Shared())

	c.SetContainer(ctx, container, ContainerInfo{Status: 204, ReadACL: ".r:*"})
	got, ok := c.Container(ctx, container)
	require.True(t, ok)
	require.Equal(t, ".r:*", got.ReadACL)
	*now = now.Add(60*time.Second - 1)
	_, ok = c.Container(ctx, container)
	require.True(t, ok)
	*now = now.Add(1)
	_, ok = c.Container(ctx, container)
	require.False(t, ok, "60 s have passed")

	for _, status := range []int{404, 410} {
		c.SetAccount(ctx, "AUTH_a", AccountInfo{Status: status})
		info, ok := c.Account(ctx, "AUTH_a")
		require.True(t, ok)
		require.False(t, info.Exists())
		*now = now.Add(6*time.Second - 1)
		_, ok = c.Account(ctx, "AUTH_a")
		require.True(t, ok)
		*now = now.Add(1)
		_, ok = c.Account(ctx, "AUTH_a")
		require.False(t, ok, "6 s have passed")
	}
	for _, status := range []int{0, 301, 403, 500, 503} {
		c.SetAccount(ctx, "AUTH_a", AccountInfo{Status: status})
		_, ok := c.Account(ctx, "AUTH_a")
		require.False(t, ok, "status %d is not cached", status)
	}
}

func TestForget(t *testing.T) {
	ctx := context.Background()
	c, _ := local1(t, Config{})
	c.SetAccount(ctx, "AUTH_a", AccountInfo{Status: 204})
	c.SetContainer(ctx, container, ContainerInfo{Status: 204})
	all := []Namespace{{Name: ".shards_AUTH_a/c-0"}}
	c.SetShardListing(ctx, container, all)
	c.setNamespaces(ctx, forUpdating, container, all)

	c.ForgetContainer(ctx, container)
	_, ok := c.Container(ctx, container)
	require.False(t, ok)
	_, ok = c.ShardListing(ctx, container)
	require.False(t, ok, "the namespaces for listings go with the container")
	_, ok = c.ShardUpdating(ctx, container)
	require.True(t, ok)
	c.ForgetShardUpdating(ctx, container)
	_, ok = c.ShardUpdating(ctx, container)
	require.False(t, ok)
	_, ok = c.Account(ctx, "AUTH_a")
	require.True(t, ok)
	c.ForgetAccount(ctx, "AUTH_a")
	_, ok = c.Account(ctx, "AUTH_a")
	require.False(t, ok)
}

func TestLocalBounds(t *testing.T) {
	ctx := context.Background()
	c, _ := local1(t, Config{LocalKeys: 3})
	for i := range 4 {
		require.NoError(t, c.Set(ctx, fmt.Sprint(i), []byte("1"), time.Minute))
	}
	_, ok := c.Get(ctx, "0")
	require.False(t, ok, "the key that was not used for the longest time is gone")
	_, ok = c.Get(ctx, "1")
	require.True(t, ok)

	c, _ = local1(t, Config{})
	l := c.backend.(*local)
	big := []byte(strings.Repeat("1", ValueBytesMax))
	require.ErrorIs(t, c.Set(ctx, "big", append(big, '1'), time.Minute), ErrValueTooLong)
	for i := range localBytesMax/ValueBytesMax + 2 {
		require.NoError(t, c.Set(ctx, fmt.Sprint(i), big, time.Minute))
		require.LessOrEqual(t, l.bytes, localBytesMax)
	}
	require.Greater(t, l.bytes, localBytesMax-2*ValueBytesMax)
	for range 100 { // a replaced value counts once
		require.NoError(t, c.Set(ctx, "same", []byte("1"), time.Minute))
	}
	require.NoError(t, c.Close())
	require.Zero(t, l.bytes)
}

func TestIncrInTheProcess(t *testing.T) {
	ctx := context.Background()
	c, now := local1(t, Config{})
	for want := uint64(2); want <= 6; want += 2 {
		n, err := c.Incr(ctx, "n", 2, 3*time.Second)
		require.NoError(t, err)
		require.Equal(t, want, n)
		*now = now.Add(time.Second)
	}
	n, err := c.Incr(ctx, "n", 1, 3*time.Second)
	require.NoError(t, err)
	require.EqualValues(t, 1, n, "an increment does not prolong the life")
	raw, ok := c.Get(ctx, "n")
	require.True(t, ok)
	require.Equal(t, "1", string(raw))
	require.NoError(t, c.Set(ctx, "text", []byte(`"x"`), time.Minute))
	_, err = c.Incr(ctx, "text", 1, time.Minute)
	require.Error(t, err)
}

func TestValuesOfOtherKindsAreMisses(t *testing.T) {
	ctx := context.Background()
	c, _ := local1(t, Config{})
	set := func(flags uint32, v string) {
		t.Helper()
		require.NoError(t, c.backend.set(ctx, "x", value{[]byte(v), flags}, time.Minute))
	}
	set(flagPickle, "(dp0\n.")
	_, ok := c.Get(ctx, "x")
	require.False(t, ok)
	set(flagPickle|flagJSON, "{}")
	_, ok = c.Get(ctx, "x")
	require.False(t, ok)
	set(0, "text")
	_, ok = c.Get(ctx, "x")
	require.False(t, ok)
	set(0, "12 ")
	raw, ok := c.Get(ctx, "x")
	require.True(t, ok)
	require.Equal(t, "12", string(raw))
	for _, v := range []string{"", "null", "[]", "{}", "{", `{"status": "x"}`, `{"status": 503}`, `{"status": 204, "meta": []}`,
		`{"status": 204, "storage_policy": "70000"}`, `{"status": 204, "storage_policy": -1}`} {
		require.NoError(t, c.backend.set(ctx, containerName(container), value{[]byte(v), flagJSON}, time.Minute))
		_, ok := c.Container(ctx, container)
		require.False(t, ok, "%q", v)
	}
}

// Wanted texts were printed by Swift's headers_to_account_info and json.dumps.
func TestAccountValue(t *testing.T) {
	h := http.Header{}
	h.Set("X-Account-Container-Count", "5")
	h.Set("X-Account-Object-Count", "7")
	h.Set("X-Account-Bytes-Used", "9")
	h.Set("X-Account-Storage-Policy-Gold-Container-Count", "4")
	h.Set("X-Account-Storage-Policy-Gold-Object-Count", "6")
	h.Set("X-Account-Storage-Policy-Gold-Bytes-Used", "8")
	h.Set("X-Account-Meta-Temp-Url-Key", "k\xc3\xa9\xff")
	h.Set("X-Account-Sysmeta-Core-Access-Control", `{"admin":["a"]}`)
	policies := objstore.Policies{{Index: 0, Name: "gold"}, {Index: 1, Name: "ec"}}
	info := AccountInfoFromHeaders(204, flat(h), policies)
	want := `{"status": 204, "container_count": "5", "total_object_count": "7", "bytes": "9", "storage_policies": ` +
		`{"0": {"container_count": 4, "object_count": 6, "bytes": 8}, "1": {"container_count": 0, "object_count": 0, "bytes": 0}}, ` +
		`"meta": {"temp-url-key": "k\u00e9\udcff"}, "sysmeta": {"core-access-control": "{\"admin\":[\"a\"]}"}, "account_really_exists": true}`
	require.Equal(t, want, string(info.appendJSON(nil)))
	back, err := decodeAccount([]byte(want))
	require.NoError(t, err)
	require.Equal(t, info, back)

	h.Set("X-Backend-Fake-Account-Listing", "yes")
	require.False(t, AccountInfoFromHeaders(200, flat(h), nil).ReallyExists)
	gone := AccountInfoFromHeaders(410, flat(nil), nil)
	require.Equal(t, `{"status": 410, "container_count": null, "total_object_count": null, "bytes": null, "storage_policies": {}, `+
		`"meta": {}, "sysmeta": {}}`, string(gone.appendJSON(nil)))

	out := info.Contract()
	require.EqualValues(t, 5, out.ContainerCount)
	require.Equal(t, []objstore.PolicyUsage{{Policy: 0, ContainerCount: 4, ObjectCount: 6, BytesUsed: 8}}, out.Policies)
	require.Equal(t, "k\xc3\xa9\xff", out.Metadata.Get("X-Account-Meta-Temp-Url-Key"))
	require.Equal(t, `{"admin":["a"]}`, out.Metadata.Get("X-Account-Sysmeta-Core-Access-Control"))
	again := AccountInfoOf(204, out)
	require.Equal(t, info.Meta, again.Meta)
	require.Equal(t, info.Sysmeta, again.Sysmeta)
}

func TestContainerValue(t *testing.T) {
	h := http.Header{}
	for name, v := range map[string]string{
		"X-Container-Read": ".r:*", "X-Container-Object-Count": "5", "X-Container-Bytes-Used": "37",
		"X-Backend-Storage-Policy-Index": "2", "X-Container-Meta-Access-Control-Allow-Origin": "*",
		"X-Container-Meta-Color": "\"blue\"\n", "X-Container-Sysmeta-Sharding": "True", "X-Backend-Sharding-State": "sharded",
		"X-Backend-Timestamp": "1700000000.00001", "X-Backend-Put-Timestamp": "1700000001.00000_0000000000000001",
		"X-Backend-Delete-Timestamp": "0000000000.00000", "X-Backend-Status-Changed-At": "1700000000.00001",
	} {
		h.Set(name, v)
	}
	info := ContainerInfoFromHeaders(204, flat(h))
	want := `{"status": 204, "read_acl": ".r:*", "write_acl": null, "sync_to": null, "sync_key": null, "object_count": "5", ` +
		`"bytes": "37", "versions": null, "storage_policy": "2", "cors": {"allow_origin": "*", "expose_headers": null, "max_age": null}, ` +
		`"meta": {"access-control-allow-origin": "*", "color": "\"blue\"\n"}, "sysmeta": {"sharding": "True"}, ` +
		`"sharding_state": "sharded", "created_at": "1700000000.00001", "put_timestamp": "1700000001.00000_0000000000000001", ` +
		`"delete_timestamp": "0000000000.00000", "status_changed_at": "1700000000.00001"}`
	require.Equal(t, strings.Replace(want, "\n", `\n`, 1), string(info.appendJSON(nil)))
	back, err := decodeContainer(info.appendJSON(nil))
	require.NoError(t, err)
	require.Equal(t, info, back)

	out := info.Contract()
	require.EqualValues(t, 2, out.Policy)
	require.Equal(t, "1700000000.00001", out.Created.String())
	require.Equal(t, int64(1700000001), out.Modified.Seconds())
	require.Equal(t, ".r:*", out.Metadata.Get("X-Container-Read"))
	require.Equal(t, "*", out.Metadata.Get("X-Container-Meta-Access-Control-Allow-Origin"))
	require.Equal(t, "True", out.Metadata.Get("X-Container-Sysmeta-Sharding"))
	again := ContainerInfoOf(204, out)
	require.Equal(t, info.Meta, again.Meta)
	require.Equal(t, info.CORS, again.CORS)
	require.Equal(t, Unsharded, again.ShardingState)

	gone := ContainerInfoFromHeaders(404, flat(nil))
	require.Contains(t, string(gone.appendJSON(nil)), `"object_count": null, "bytes": null, "versions": null, "storage_policy": "0"`)
	require.Contains(t, string(gone.appendJSON(nil)), `"sharding_state": "unsharded", "created_at": null`)
}

func flat(h http.Header) func(func(string, string) bool) {
	return func(yield func(string, string) bool) {
		for name, values := range h {
			for _, v := range values {
				if !yield(name, v) {
					return
				}
			}
		}
	}
}

func TestShardValues(t *testing.T) {
	ctx := context.Background()
	c, now := local1(t, Config{})
	all := []Namespace{
		{Name: ".shards_a/c-0", Lower: "", Upper: "m"},
		{Name: ".shards_a/c-1", Lower: "m", Upper: "pé"},
		{Name: ".shards_a/parent", Lower: "", Upper: "pé"}, // overlaps: goes
		{Name: ".shards_a/c-2", Lower: "s", Upper: ""},     // a gap: closed
	}
	want := []Namespace{
		{Name: ".shards_a/c-0", Lower: "", Upper: "m"},
		{Name: ".shards_a/c-1", Lower: "m", Upper: "s"},
		{Name: ".shards_a/c-2", Lower: "s", Upper: ""},
	}
	require.Equal(t, want, c.SetShardListing(ctx, container, all))
	raw, ok := c.Get(ctx, "shard-listing-v2/AUTH_a/c")
	require.True(t, ok)
	require.Equal(t, `[["", ".shards_a/c-0"], ["m", ".shards_a/c-1"], ["s", ".shards_a/c-2"]]`, string(raw))
	got, ok := c.ShardListing(ctx, container)
	require.True(t, ok)
	require.Equal(t, want, got)
	*now = now.Add(DefaultListingLife)
	_, ok = c.ShardListing(ctx, container)
	require.False(t, ok)

	fetched, err := c.FetchShardUpdating(ctx, container, func() ([]Namespace, error) { return all, nil })
	require.NoError(t, err)
	require.Equal(t, want, fetched)
	*now = now.Add(DefaultUpdatingLife - 1)
	_, ok = c.ShardUpdating(ctx, container)
	require.True(t, ok)
	_, ok = c.Get(ctx, "shard-updating-v2/AUTH_a/c")
	require.True(t, ok)
	require.Empty(t, c.SetShardListing(ctx, container, nil))
	_, ok = c.ShardListing(ctx, container)
	require.False(t, ok, "an empty list is not cached")

	for _, bad := range []string{"[]", "{}", `[["a"]]`, `[["a", "b"]]`, `[["a", "b/c/d"]]`, `[["b", "a/c"], ["a", "a/c"]]`, `[[1, "a/c"]]`} {
		require.NoError(t, c.Set(ctx, "shard-listing-v2/AUTH_a/c", []byte(bad), time.Minute))
		_, ok = c.ShardListing(ctx, container)
		require.False(t, ok, bad)
	}
}

func TestShardValuesOf230(t *testing.T) {
	ctx := context.Background()
	c, _ := local1(t, Config{WholeRanges: true})
	require.True(t, c.WholeRanges())
	whole := `{"name": ".shards_a/c-0", "timestamp": "1700000000.00001", "lower": "", "upper": "m", "object_count": 1, ` +
		`"bytes_used": 2, "meta_timestamp": "1700000000.00001", "deleted": 0, "state": 40, "state_timestamp": "1700000000.00001", ` +
		`"epoch": null, "reported": 0, "tombstones": -1}`
	n, err := ParseNamespace([]byte(whole))
	require.NoError(t, err)
	require.Equal(t, Namespace{Name: ".shards_a/c-0", Upper: "m", Range: []byte(whole)}, n)
	c.SetShardListing(ctx, container, []Namespace{n})
	raw, ok := c.Get(ctx, "shard-listing/AUTH_a/c")
	require.True(t, ok)
	require.Equal(t, "["+whole+"]", string(raw))
	got, ok := c.ShardListing(ctx, container)
	require.True(t, ok)
	require.Equal(t, []Namespace{n}, got)

	short, err := ParseNamespace([]byte(`{"name": "a/c", "lower": "m", "upper": ""}`))
	require.NoError(t, err)
	require.Empty(t, short.Range)
	c.setNamespaces(ctx, forUpdating, container, []Namespace{n, short})
	_, ok = c.ShardUpdating(ctx, container)
	require.False(t, ok, "a short form cannot be shared with Swift 2.30")
	for _, bad := range []string{`{"name": "a", "lower": "", "upper": ""}`, `{"name": "a/c", "lower": "b", "upper": "a"}`, `[]`, `{"name": 1}`} {
		_, err := ParseNamespace([]byte(bad))
		require.Error(t, err, bad)
	}
}

// BenchmarkContainer is what each request pays for its container.
func BenchmarkContainer(b *testing.B) {
	ctx := context.Background()
	c, err := New(Config{})
	require.NoError(b, err)
	meta := map[string]string{"color": "blue", "access-control-allow-origin": "*"}
	c.SetContainer(ctx, container, ContainerInfo{
		Status: 204, ReadACL: ".r:*", Meta: meta, CreatedAt: "1700000000.00001", PutTimestamp: "1700000000.00001",
	})
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := c.Container(ctx, container); !ok {
			b.Fatal("a miss")
		}
	}
}
