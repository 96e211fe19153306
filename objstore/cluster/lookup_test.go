// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"needletail/objstore"
	"needletail/objstore/cluster/infocache"
)

// A cached info saves the question, says so, and is forgotten with a change.
func TestCachedInfos(t *testing.T) {
	cache, err := infocache.New(infocache.Config{})
	require.NoError(t, err)
	e := newMix(t, Options{Cache: cache})
	ctx, cached := context.Background(), objstore.InfoOptions{Cached: true}
	heads := func() (n int) {
		for _, node := range e.f.nodes {
			for _, r := range node.Requests() {
				if r.Method == "HEAD" {
					n++
				}
			}
		}
		return n
	}
	look := func(o objstore.InfoOptions, fromCache bool, value string) {
		t.Helper()
		before := heads()
		info, err := e.s.HeadContainer(ctx, e.c, o)
		require.NoError(t, err)
		require.Equal(t, fromCache, info.Cached)
		require.Equal(t, value, info.Metadata.Get("X-Container-Meta-A"))
		require.Equal(t, fromCache, heads() == before)
	}
	look(cached, false, "")
	look(cached, true, "")
	look(objstore.InfoOptions{}, false, "")
	set := objstore.MetadataUpdate{Set: fields("X-Container-Meta-A", "1")}
	require.NoError(t, e.s.PostContainer(ctx, e.c, set))
	look(cached, false, "1")
	look(cached, true, "1")

	_, err = e.s.HeadAccount(ctx, e.c.Account, cached)
	require.NoError(t, err)
	account, err := e.s.HeadAccount(ctx, e.c.Account, cached)
	require.NoError(t, err)
	require.True(t, account.Cached)
	_, err = e.s.PostAccount(ctx, e.c.Account, objstore.MetadataUpdate{Set: fields("X-Account-Meta-A", "1")})
	require.NoError(t, err)
	account, err = e.s.HeadAccount(ctx, e.c.Account, cached)
	require.NoError(t, err)
	require.False(t, account.Cached)

	// An absence is cached too, and ends with the creation.
	other := objstore.ContainerID{Account: e.c.Account, Container: "d"}
	for range 2 {
		_, err = e.s.HeadContainer(ctx, other, cached)
		wantKind(t, err, objstore.KindNotFound)
	}
	_, err = e.s.PutContainer(ctx, other, objstore.PutContainerOptions{})
	require.NoError(t, err)
	_, err = e.s.HeadContainer(ctx, other, cached)
	require.NoError(t, err)
}
