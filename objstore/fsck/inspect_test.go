// SPDX-License-Identifier: Apache-2.0

package fsck_test

import (
	"bytes"
	"io/fs"
	"log/slog"
	"path/filepath"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	"needletail/objstore"
	"needletail/objstore/datafile"
	"needletail/objstore/datafolder"
	"needletail/objstore/device"
	"needletail/objstore/engine"
	"needletail/objstore/fsck"
	"needletail/objstore/meta"
)

// TestInspectClosed looks at a store that has an object of each kind.
func TestInspectClosed(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	o := engine.Options{Logger: slog.New(slog.DiscardHandler)}
	f := o.Folder(dir)
	small := objstore.ObjectID{Account: "a", Container: "c", Object: "small/one"}
	large := objstore.ObjectID{Account: "a", Container: "c", Object: "large"}
	_, err := fsck.InspectClosed(f, small)
	require.ErrorIs(t, err, fs.ErrNotExist)

	e, err := engine.Open(dir, o)
	require.NoError(t, err)
	_, err = e.PutContainer(t.Context(), small.ContainerID(), objstore.PutContainerOptions{})
	require.NoError(t, err)
	for id, size := range map[objstore.ObjectID]int{small: 100, large: 300_000} {
		_, err := e.PutObject(t.Context(), id, bytes.NewReader(make([]byte, size)), objstore.PutOptions{SizeBytes: int64(size), ContentType: "text/plain"})
		require.NoError(t, err)
	}
	_, err = fsck.InspectClosed(f, small)
	require.ErrorIs(t, err, datafolder.ErrLocked)
	require.NoError(t, e.Close())

	in, err := fsck.InspectClosed(f, small)
	require.NoError(t, err)
	require.Equal(t, e.ID(), in.Store)
	require.Equal(t, meta.PlaceInline, in.Object.Place)
	require.NoError(t, in.Inline)
	require.Empty(t, in.Files)

	in, err = fsck.InspectClosed(f, large)
	require.NoError(t, err)
	require.Len(t, in.Files, 1)
	r, id, err := datafile.OpenPath(vfs.Default, in.Files[0].Path)
	require.NoError(t, err)
	defer r.Close()
	require.Equal(t, device.ID(in.Object.ID), id)
	require.Equal(t, large, r.Footer().Object)

	in, err = fsck.InspectClosed(f, objstore.ObjectID{Account: "a", Container: "c"})
	require.NoError(t, err)
	require.NotNil(t, in.Container)
	require.Equal(t, meta.Counts{Objects: 2, Bytes: 300_100}, in.Counts)
	in, err = fsck.InspectClosed(f, objstore.ObjectID{Account: "a"})
	require.NoError(t, err)
	require.NotNil(t, in.Account)
	require.Equal(t, meta.Counts{Containers: 1, Objects: 2, Bytes: 300_100}, in.Counts)

	for _, id := range []objstore.ObjectID{{Account: "x"}, {Account: "a", Container: "x"}, {Account: "a", Container: "c", Object: "x"}} {
		_, err := fsck.InspectClosed(f, id)
		require.Equal(t, objstore.KindNotFound, objstore.KindOf(err), "%v: %v", id, err)
	}
	e, err = engine.Open(dir, o) // nothing was changed, and nothing is locked
	require.NoError(t, err)
	require.NoError(t, e.Close())
}
