// SPDX-License-Identifier: Apache-2.0

package device

import (
	"math"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/stretchr/testify/require"
)

func TestReserve(t *testing.T) {
	f := func(o Options, sizeBytes int64, ok bool) {
		t.Helper()
		d, err := Open(memFS(1000, 10_000), "/disk", o)
		require.NoError(t, err)
		if err := d.Reserve(sizeBytes); ok {
			require.NoError(t, err)
		} else {
			require.ErrorIs(t, err, ErrNoSpace)
		}
	}
	f(Options{}, 1000, true)
	f(Options{}, 1001, false)
	f(Options{}, math.MaxInt64, false)
	f(Options{ReserveBytes: 400}, 600, true)
	f(Options{ReserveBytes: 400}, 601, false)
	f(Options{ReserveBytes: 400, ReservePercent: 5}, 500, true)
	f(Options{ReserveBytes: 400, ReservePercent: 5}, 501, false)
	// A size that is not known: only what is left counts.
	f(Options{ReserveBytes: 999}, -1, true)
	f(Options{ReserveBytes: 1000}, -1, false)
	f(Options{ReservePercent: 10}, -1, false)
}

func TestOptionsAreChecked(t *testing.T) {
	for _, o := range []Options{{ReserveBytes: -1}, {ReservePercent: -1}, {ReservePercent: 101}, {ReservePercent: math.NaN()}} {
		_, err := Open(memFS(1, 1), "/disk", o)
		require.Error(t, err, "%+v", o)
	}
}

func TestSpaceOfTheRealDisk(t *testing.T) {
	s, err := open(t, vfs.Default, t.TempDir()).Space()
	require.NoError(t, err)
	require.Positive(t, s.TotalBytes)
	require.LessOrEqual(t, s.FreeBytes, s.TotalBytes)
}

// A disk that fills up during any operation of a write.
func TestFullDiskIsNoSpace(t *testing.T) {
	for _, kind := range []errorfs.OpKind{errorfs.OpCreate, errorfs.OpFilePreallocate, errorfs.OpFileWrite, errorfs.OpMkdirAll, errorfs.OpRename} {
		for _, cause := range []error{syscall.ENOSPC, syscall.EDQUOT} {
			on := false
			mem := memFS(1, 1)
			d := open(t, errorfs.Wrap(mem, errorfs.InjectorFunc(func(op errorfs.Op) error {
				if on && op.Kind == kind {
					return cause
				}
				return nil
			})), "/disk")
			on = true
			require.ErrorIs(t, put(d, ID{1}), ErrNoSpace)
			require.NoError(t, d.Discard(ID{1}))
			require.NoError(t, d.Sealed(), "a full disk is not a broken one")
			require.Empty(t, walk(t, d))
		}
	}
}
