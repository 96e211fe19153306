// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"bytes"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"needletail/objstore"
)

// What memory says must be what the index says, also while entries are dropped
// and loaded again under writers.
func TestKnownCountersStayExact(t *testing.T) {
	e := openTest(t, t.TempDir(), Options{})
	defer closeTest(t, e)
	ctx := t.Context()
	id := objstore.ContainerID{Account: "a", Container: "c"}
	_, err := e.PutContainer(ctx, id, objstore.PutContainerOptions{})
	require.NoError(t, err)

	const writers, rounds = 8, 60
	var writing, dropping sync.WaitGroup
	done := make(chan struct{})
	dropping.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
				e.known.containers.Purge()
				e.known.accounts.Purge()
				_, _ = e.HeadContainer(ctx, id, objstore.InfoOptions{})
				_, _ = e.HeadAccount(ctx, id.Account, objstore.InfoOptions{})
			}
		}
	})
	for w := range writers {
		writing.Go(func() {
			for n := range rounds {
				o := id.Object(objstore.ObjectName(fmt.Sprint(w, "-", n%7)))
				if n%5 == 4 {
					_, _ = e.DeleteObject(ctx, o, objstore.DeleteOptions{})
					continue
				}
				body := bytes.Repeat([]byte{'x'}, w*n)
				_, err := e.PutObject(ctx, o, bytes.NewReader(body), objstore.PutOptions{SizeBytes: int64(len(body))})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	writing.Wait()
	close(done)
	dropping.Wait()

	stored, err := e.db.ContainerCounts(id)
	require.NoError(t, err)
	container, err := e.HeadContainer(ctx, id, objstore.InfoOptions{})
	require.NoError(t, err)
	require.Equal(t, stored.Objects, container.ObjectCount)
	require.Equal(t, stored.Bytes, container.BytesUsed)
	account, err := e.HeadAccount(ctx, id.Account, objstore.InfoOptions{})
	require.NoError(t, err)
	require.Equal(t, stored.Objects, account.ObjectCount)
	require.Equal(t, stored.Bytes, account.BytesUsed)
	recount, err := e.Recount(ctx)
	require.NoError(t, err)
	require.Empty(t, recount.Problems)
}

func TestKnownMetadataFollowsPosts(t *testing.T) {
	e := openTest(t, t.TempDir(), Options{})
	defer closeTest(t, e)
	ctx := t.Context()
	id := objstore.ContainerID{Account: "a", Container: "c"}
	_, err := e.PutContainer(ctx, id, objstore.PutContainerOptions{})
	require.NoError(t, err)
	set := objstore.MetadataUpdate{Set: objstore.Metadata{{Name: "X-Container-Meta-K", Value: "v"}}}
	for range 2 { // the second HEAD comes from memory
		info, err := e.HeadContainer(ctx, id, objstore.InfoOptions{})
		require.NoError(t, err)
		require.Empty(t, info.Metadata)
	}
	require.NoError(t, e.PostContainer(ctx, id, set))
	info, err := e.HeadContainer(ctx, id, objstore.InfoOptions{})
	require.NoError(t, err)
	require.Equal(t, "v", info.Metadata.Get("X-Container-Meta-K"))
	info.Metadata.Set("X-Container-Meta-K", "the caller's own")
	info, err = e.HeadContainer(ctx, id, objstore.InfoOptions{})
	require.NoError(t, err)
	require.Equal(t, "v", info.Metadata.Get("X-Container-Meta-K"))

	require.NoError(t, e.DeleteContainer(ctx, id))
	_, err = e.HeadContainer(ctx, id, objstore.InfoOptions{})
	require.ErrorIs(t, err, objstore.KindNotFound)
	account, err := e.HeadAccount(ctx, id.Account, objstore.InfoOptions{})
	require.NoError(t, err)
	require.Zero(t, account.ContainerCount)
}

func TestKnownAbsenceEndsWithTheAccount(t *testing.T) {
	e := openTest(t, t.TempDir(), Options{})
	defer closeTest(t, e)
	ctx := t.Context()
	makers := map[objstore.AccountName]func(objstore.AccountName) error{
		"by-container": func(a objstore.AccountName) error {
			_, err := e.PutContainer(ctx, objstore.ContainerID{Account: a, Container: "c"}, objstore.PutContainerOptions{})
			return err
		},
		"by-post": func(a objstore.AccountName) error {
			_, err := e.PostAccount(ctx, a, objstore.MetadataUpdate{})
			return err
		},
	}
	for a, make := range makers {
		for range 2 { // the second answer comes from memory
			_, err := e.HeadAccount(ctx, a, objstore.InfoOptions{})
			require.ErrorIs(t, err, objstore.KindNotFound)
		}
		require.NoError(t, make(a))
		_, err := e.HeadAccount(ctx, a, objstore.InfoOptions{})
		require.NoError(t, err, a)
	}
}
