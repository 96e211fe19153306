// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"needletail/objstore"
	"needletail/objstore/cluster/infocache"
	"needletail/objstore/cluster/wire"
	"needletail/objstore/cluster/wire/wiretest"
)

// aged answers a method of all nodes: the node i of the walk has i objects, and
// newer is the newest.
func (e *mixEnv) aged(server Server, method string, walk []*fakeNode, newer int) {
	for i, n := range walk {
		at := "1700000000.00000"
		if i == newer {
			at = "1700000001.00000"
		}
		on(server, method, func(*wiretest.Request) *wiretest.Answer {
			h := wire.Header{{Name: "X-Timestamp", Value: "1600000000.00000"}, {Name: "X-PUT-Timestamp", Value: at},
				{Name: "X-Backend-Timestamp", Value: at}, {Name: policyHeader, Value: "0"}}
			for _, name := range []string{"X-Container-Object-Count", "X-Container-Bytes-Used", "X-Account-Container-Count",
				"X-Account-Object-Count", "X-Account-Bytes-Used"} {
				h.Add(name, strconv.Itoa(i))
			}
			return &wiretest.Answer{Status: 200, Header: h, Body: []byte("[]")}
		})(n)
	}
}

// X-Newest finds the replica that knows more, past the cache.
func TestNewestInfo(t *testing.T) {
	cache, err := infocache.New(infocache.Config{})
	require.NoError(t, err)
	e := newMix(t, Options{Cache: cache})
	ctx := t.Context()
	containers := e.walk(e.s.containerTarget(e.c))
	e.aged(ContainerServer, "HEAD", containers, 2)
	for _, o := range []objstore.InfoOptions{{}, {Cached: true}, {Newest: true}, {Newest: true, Cached: true}} {
		info, err := e.s.HeadContainer(ctx, e.c, o)
		require.NoError(t, err)
		require.Equal(t, o.Newest, info.ObjectCount == 2, o)
		require.Equal(t, o.Cached && !o.Newest, info.Cached, o)
	}
	e.aged(ContainerServer, "GET", containers, 1)
	for _, newest := range []bool{false, true} {
		var counted objstore.Counters
		o := objstore.ListOptions{Limit: 10, Newest: newest, Counted: &counted}
		require.NoError(t, e.s.ListObjects(ctx, e.c, o, func(*objstore.ObjectEntry) error { return nil }))
		require.Equal(t, newest, counted.ObjectCount == 1)
	}
	e.heal()
	e.aged(AccountServer, "HEAD", e.walk(e.s.accountTarget(e.c.Account)), 2)
	for _, o := range []objstore.InfoOptions{{}, {Cached: true}, {Newest: true}, {Newest: true, Cached: true}} {
		info, err := e.s.HeadAccount(ctx, e.c.Account, o)
		require.NoError(t, err)
		require.Equal(t, o.Newest, info.ContainerCount == 2, o)
	}
}

// X-Newest asks the root for the shards, although the shards are cached, and the
// shards as ever.
func TestNewestListingOfShards(t *testing.T) {
	f := newShardServer(t)
	s := f.open(t, newCache(t))
	listed(t, s, root, objstore.ListOptions{Limit: 100})
	f.requests()
	listed(t, s, root, objstore.ListOptions{Limit: 100, Newest: true})
	for i, want := range []string{"True", "", ""} {
		require.Equal(t, want, f.seen[i].Header.Get(newestHeader), i)
	}
	require.Equal(t, []string{"GET root", "GET root-0", "GET root-1"}, f.requests())
}
