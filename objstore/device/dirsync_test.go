// SPDX-License-Identifier: Apache-2.0

package device

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/stretchr/testify/require"
)

// Publishes that come while a directory is synced share the next sync of it,
// and its failure.
func TestPublishesShareASync(t *testing.T) {
	for _, fault := range []error{nil, errors.New("the disk is gone")} {
		synctest.Test(t, func(t *testing.T) {
			var syncs atomic.Int32
			gate := make(chan struct{})
			leaf := "\x00"
			fs := errorfs.Wrap(vfs.NewMem(), errorfs.InjectorFunc(func(op errorfs.Op) error {
				if op.Kind != errorfs.OpFileSync || !strings.HasSuffix(op.Path, leaf) {
					return nil
				}
				if syncs.Add(1) == 1 {
					<-gate
					return nil
				}
				return fault
			}))
			d, err := Open(fs, "/disk", Options{})
			require.NoError(t, err)
			const others = 5
			ids := make([]ID, 1+others)
			for i := range ids {
				ids[i] = ID{1, 2, byte(i)}
				f, err := d.Create(ids[i], -1)
				require.NoError(t, err)
				require.NoError(t, f.Close())
			}
			require.NoError(t, d.makeLeaf(ids[0]))
			leaf = "/01/02"
			errs := make(chan error, len(ids))
			publish := func(id ID) { errs <- d.Publish(id) }
			go publish(ids[0])
			synctest.Wait()
			for _, id := range ids[1:] {
				go publish(id)
			}
			synctest.Wait()
			require.EqualValues(t, 1, syncs.Load())
			close(gate)
			failed := 0
			for range ids {
				if err := <-errs; err != nil {
					require.ErrorIs(t, err, fault)
					failed++
				}
			}
			require.EqualValues(t, 2, syncs.Load())
			require.Empty(t, d.syncs.dirs)
			if fault != nil {
				require.GreaterOrEqual(t, failed, others)
				require.ErrorIs(t, d.Sealed(), ErrSealed)
			} else {
				require.Zero(t, failed)
			}
		})
	}
}

// IDs of one run share a directory and nothing else.
func TestIDsComeInRuns(t *testing.T) {
	seen, dirs := map[ID]bool{}, map[[2]byte]int{}
	for range 20 * runLength {
		id := NewID()
		require.False(t, seen[id])
		seen[id] = true
		dirs[[2]byte(id[:2])]++
	}
	require.Greater(t, len(dirs), 10)
	require.LessOrEqual(t, len(dirs), 21)
}
