// SPDX-License-Identifier: Apache-2.0

//go:build interop

package infocache

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"needletail/objstore"
	"needletail/objstore/cluster/swiftpeer"
)

// These tests ask OpenStack Swift's own code: python3-swift, or the source in
// the folder $SWIFT_SRC, with real memcached servers.

// TestInterop runs every exchange with one, two, three and four servers.
func TestInterop(t *testing.T) {
	for servers := 1; servers <= 4; servers++ {
		t.Run(fmt.Sprint(servers), func(t *testing.T) {
			var names []string
			for range servers {
				names = append(names, swiftpeer.Memcached(t))
			}
			p := swiftpeer.Start(t, "testdata/swiftcache.py", names...)
			var modern bool
			p.Ask(&modern, "modern")
			c := open(t, Config{Servers: names, WholeRanges: !modern})
			t.Run("values", func(t *testing.T) { interopValues(t, c, p) })
			t.Run("kinds", func(t *testing.T) { interopKinds(t, c, p) })
			t.Run("account", func(t *testing.T) { interopAccount(t, c, p) })
			t.Run("container", func(t *testing.T) { interopContainer(t, c, p) })
			t.Run("shards", func(t *testing.T) { interopShards(t, c, p) })
			var tokens bool
			if p.Ask(&tokens, "tokens"); tokens {
				t.Run("token", func(t *testing.T) { interopToken(t, c, p, names) })
			}
		})
	}
}

// interopValues: each side reads, adds to and deletes what the other side
// wrote. A wrong order of servers would be a miss.
func interopValues(t *testing.T, c *Cache, p *swiftpeer.Peer) {
	ctx := context.Background()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for i := range 300 {
		name := fmt.Sprintf("test/é/%d/%d", i, random.Uint64())
		require.NoError(t, c.Set(ctx, name, []byte(`[1796064047.5, "a,b"]`), time.Minute))
		var got []any
		p.Ask(&got, "get", name)
		require.Equal(t, []any{1796064047.5, "a,b"}, got, name)

		p.Ask(nil, "set", name, "é\x00\U0001F600")
		raw, ok := c.Get(ctx, name)
		require.True(t, ok, name)
		require.Equal(t, `"\u00e9\u0000\ud83d\ude00"`, string(raw))

		require.NoError(t, c.Delete(ctx, name))
		var nothing any
		p.Ask(&nothing, "get", name)
		require.Nil(t, nothing)

		for round := uint64(0); round < 4; round++ {
			var n uint64
			if (uint64(i)+round)%2 == 0 {
				var err error
				n, err = c.Incr(ctx, name+"#", 2, time.Minute)
				require.NoError(t, err)
			} else {
				p.Ask(&n, "incr", name+"#", 2)
			}
			require.Equal(t, 2*round+2, n)
		}
		p.Ask(nil, "delete", name+"#")
		_, ok = c.Get(ctx, name+"#")
		require.False(t, ok)
	}
}

func interopKinds(t *testing.T, c *Cache, p *swiftpeer.Peer) {
	p.Ask(nil, "raw", "kind", flagPickle, "(dp0\n.")
	_, ok := c.Get(context.Background(), "kind")
	require.False(t, ok)
	p.Ask(nil, "raw", "kind", flagJSON, `{"a":1}`)
	raw, ok := c.Get(context.Background(), "kind")
	require.True(t, ok)
	require.Equal(t, `{"a":1}`, string(raw))
}

func pairs(headers map[string]string) func(func(string, string) bool) {
	return func(yield func(string, string) bool) {
		for name, v := range headers {
			if !yield(name, v) {
				return
			}
		}
	}
}

func interopAccount(t *testing.T, c *Cache, p *swiftpeer.Peer) {
	ctx := context.Background()
	headers := map[string]string{
		"X-Account-Container-Count": "5", "X-Account-Object-Count": "7", "X-Account-Bytes-Used": "9",
		"X-Account-Storage-Policy-Gold-Container-Count": "4", "X-Account-Storage-Policy-Gold-Object-Count": "7",
		"X-Account-Storage-Policy-Gold-Bytes-Used": "9", "X-Account-Meta-Quota-Bytes": "100",
		"X-Account-Sysmeta-Core-Access-Control": `{"read-only":["é"]}`,
	}
	policies := objstore.Policies{{Index: 0, Name: "gold", Default: true}}
	for _, status := range []int{204, 200, 404, 410} {
		account := objstore.AccountName(fmt.Sprintf("AUTH_é%d", status))
		given := headers
		if status >= 400 {
			given = nil
		}
		p.Ask(nil, "set_info", account, nil, status, wsgi(given))
		want := AccountInfoFromHeaders(status, pairs(given), policies)
		got, ok := c.Account(ctx, account)
		require.True(t, ok)
		require.Equal(t, want, got)
		raw, ok := c.Get(ctx, accountName(account))
		require.True(t, ok)
		require.Equal(t, string(raw), string(want.appendJSON(nil)), "the same text")

		mine := account + "-mine"
		c.SetAccount(ctx, mine, want)
		var read struct {
			Status  int               `json:"status"`
			Count   int64             `json:"container_count"`
			Meta    map[string]string `json:"meta"`
			Sysmeta map[string]string `json:"sysmeta"`
		}
		p.Ask(&read, "get_info", mine, nil)
		require.Equal(t, status, read.Status)
		require.Equal(t, want.ContainerCount, read.Count)
		require.Equal(t, want.Meta, read.Meta)
		require.Equal(t, want.Sysmeta, read.Sysmeta)
	}
	p.Ask(nil, "set_info", "AUTH_bad", nil, 503, map[string]string{})
	_, ok := c.Account(ctx, "AUTH_bad")
	require.False(t, ok)
}

// wsgi is a header's value as Python's servers hand it on: bytes as latin-1.
func wsgi(headers map[string]string) map[string]string {
	out := map[string]string{}
	for name, v := range headers {
		var b strings.Builder
		for _, c := range []byte(v) {
			b.WriteRune(rune(c))
		}
		out[name] = b.String()
	}
	return out
}

func interopContainer(t *testing.T, c *Cache, p *swiftpeer.Peer) {
	ctx := context.Background()
	headers := map[string]string{
		"X-Container-Read": ".r:*,.rlistings", "X-Container-Write": "a:é", "X-Container-Object-Count": "5",
		"X-Container-Bytes-Used": "37", "X-Backend-Storage-Policy-Index": "0", "X-Backend-Sharding-State": "sharded",
		"X-Container-Meta-Access-Control-Allow-Origin": "*", "X-Container-Sysmeta-Sharding": "True", "X-Versions-Location": "v",
		"X-Container-Sync-To": "//realm/x", "X-Container-Sync-Key": "k\xff",
		"X-Backend-Timestamp": "1700000000.00001", "X-Backend-Put-Timestamp": "1700000001.00000",
		"X-Backend-Delete-Timestamp": "0000000000.00000", "X-Backend-Status-Changed-At": "1700000000.00001",
	}
	for _, status := range []int{204, 200, 404} {
		id := objstore.ContainerID{Account: "AUTH_é", Container: objstore.ContainerName(fmt.Sprintf("c%d", status))}
		given := headers
		if status == 404 {
			given = map[string]string{"X-Backend-Timestamp": "1700000000.00001"}
		}
		p.Ask(nil, "set_info", id.Account, id.Container, status, wsgi(given))
		want := ContainerInfoFromHeaders(status, pairs(given))
		got, ok := c.Container(ctx, id)
		require.True(t, ok)
		require.Equal(t, want, got)
		raw, ok := c.Get(ctx, containerName(id))
		require.True(t, ok)
		require.Equal(t, string(raw), string(want.appendJSON(nil)), "the same text")

		id.Container += "-mine"
		c.SetContainer(ctx, id, want)
		var read struct {
			Status   int    `json:"status"`
			Count    int64  `json:"object_count"`
			ReadACL  string `json:"read_acl"`
			Sharding string `json:"sharding_state"`
		}
		p.Ask(&read, "get_info", id.Account, id.Container)
		require.Equal(t, status, read.Status)
		require.Equal(t, want.ObjectCount, read.Count)
		require.Equal(t, want.ReadACL, read.ReadACL)
		require.Equal(t, want.ShardingState, read.Sharding)
		if status != 404 {
			var rebuilt map[string]string
			p.Ask(&rebuilt, "headers_of", id.Account, id.Container)
			require.Equal(t, "5", rebuilt["X-Container-Object-Count"])
			require.Equal(t, "1700000001.00000", rebuilt["X-Put-Timestamp"])
		}
		c.ForgetContainer(ctx, id)
		var nothing any
		p.Ask(&nothing, "get", containerName(id))
		require.Nil(t, nothing)
	}
}

func interopShards(t *testing.T, c *Cache, p *swiftpeer.Peer) {
	ctx := context.Background()
	id := objstore.ContainerID{Account: "AUTH_a", Container: "é"}
	triples := [][3]string{{".shards_a/é-0", "", "m"}, {".shards_a/é-1", "m", "p\x00é"}, {".shards_a/é-2", "p\x00é", ""}}
	for use, read := range map[string]func(context.Context, objstore.ContainerID) ([]Namespace, bool){
		forListing: c.ShardListing, forUpdating: c.ShardUpdating,
	} {
		var name string
		p.Ask(&name, "key", id.Account, id.Container, use)
		require.Equal(t, name, c.shardName(use, id))
		p.Ask(nil, "set_namespaces", use, id.Account, id.Container, triples)
		got, ok := read(ctx, id)
		require.True(t, ok)
		require.Len(t, got, len(triples))
		for i, n := range got {
			require.Equal(t, triples[i], [3]string{n.Name, n.Lower, n.Upper})
		}
		raw, ok := c.Get(ctx, name)
		require.True(t, ok)

		id.Container += "-mine"
		cached, kept := c.setNamespaces(ctx, use, id, got)
		require.True(t, kept)
		require.Equal(t, got, cached)
		mine, ok := c.Get(ctx, c.shardName(use, id))
		require.True(t, ok)
		require.Equal(t, string(raw), string(mine), "the same text")
		var answer []any
		p.Ask(&answer, "namespaces", use, id.Account, id.Container, "n")
		require.Equal(t, ".shards_a/é-1", answer[1])
		require.Len(t, answer[0], len(triples))
		id.Container = "é"
	}
}

// lives are the seconds that memcached's values still live, of the servers that
// have a key.
func lives(t *testing.T, servers []string, key string) (seconds []int) {
	for _, address := range servers {
		conn, err := net.Dial("tcp", address)
		require.NoError(t, err)
		_, err = fmt.Fprintf(conn, "mg %s t\r\n", key)
		require.NoError(t, err)
		line, err := bufio.NewReader(conn).ReadString('\n')
		require.NoError(t, err)
		require.NoError(t, conn.Close())
		var n int
		if _, err := fmt.Sscanf(line, "HD t%d", &n); err == nil {
			seconds = append(seconds, n)
		}
	}
	return seconds
}

// interopToken: both sides count in one number, with the same life, see what the
// other side fetched, and end the number with their own success.
func interopToken(t *testing.T, c *Cache, p *swiftpeer.Peer, servers []string) {
	ctx := context.Background()
	id := objstore.ContainerID{Account: "AUTH_a", Container: "é-token"}
	key := keyOf(tokenPrefix + c.shardName(forUpdating, id))
	triples := [][3]string{{".shards_a/é-0", "", "m"}, {".shards_a/é-1", "m", ""}}
	var theirs struct {
		bounds          [][2]string
		fetched, holder bool
	}
	populate := func(tokens int, fetched [][3]string) {
		t.Helper()
		p.Ask(&[3]any{&theirs.bounds, &theirs.fetched, &theirs.holder}, "populate", id.Account, id.Container, tokens, fetched)
	}
	fails := func() ([]Namespace, error) { return nil, errMiss }

	_, err := c.FetchShardUpdating(ctx, id, fails)
	require.ErrorIs(t, err, errMiss)
	own := lives(t, servers, key)
	require.Len(t, own, 1)
	require.NoError(t, c.Delete(ctx, tokenPrefix+c.shardName(forUpdating, id)))
	populate(3, nil)
	require.True(t, theirs.fetched && theirs.holder)
	swifts := lives(t, servers, key)
	require.Len(t, swifts, 1)
	require.InDelta(t, swifts[0], own[0], 1, "seconds of the life")

	// The second of two tokens is ours, and the third request waits.
	_, err = c.FetchShardUpdating(ctx, id, fails)
	require.ErrorIs(t, err, errMiss)
	populate(2, nil)
	require.True(t, theirs.fetched && !theirs.holder, "after three looks")

	// Ours waits for what Swift fetches.
	waiting := open(t, Config{Servers: servers, FetchTokens: 1})
	require.NoError(t, c.Delete(ctx, tokenPrefix+c.shardName(forUpdating, id)))
	populate(3, nil)
	waiting.after = func(time.Duration) <-chan time.Time {
		populate(3, triples)
		done := make(chan time.Time, 1)
		done <- time.Time{}
		return done
	}
	all, err := waiting.FetchShardUpdating(ctx, id, fails)
	require.NoError(t, err)
	require.Equal(t, []Namespace{{Name: ".shards_a/é-0", Upper: "m"}, {Name: ".shards_a/é-1", Lower: "m"}}, all)
	require.Empty(t, lives(t, servers, key), "Swift's success has ended the number")

	// Swift finds what ours fetched, and ours ends the number.
	require.NoError(t, c.Delete(ctx, c.shardName(forUpdating, id)))
	_, err = c.FetchShardUpdating(ctx, id, func() ([]Namespace, error) { return all, nil })
	require.NoError(t, err)
	require.Empty(t, lives(t, servers, key))
	_, err = c.Incr(ctx, tokenPrefix+c.shardName(forUpdating, id), 9, time.Minute)
	require.NoError(t, err)
	populate(3, triples)
	require.False(t, theirs.fetched)
	require.Equal(t, [][2]string{{"", ".shards_a/é-0"}, {"m", ".shards_a/é-1"}}, theirs.bounds)
}
