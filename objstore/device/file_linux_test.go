// SPDX-License-Identifier: Apache-2.0

package device

import (
	"bytes"
	"os"
	"testing"
	"unsafe"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestAlignedBuffer(t *testing.T) {
	for _, n := range []int{0, 1, AlignBytes, 256 << 10, 1 << 20} {
		b := AlignedBuffer(n)
		require.Len(t, b, n)
		require.Zero(t, uintptr(unsafe.Pointer(unsafe.SliceData(b)))%AlignBytes)
	}
	require.EqualValues(t, 0, Align(0))
	require.EqualValues(t, AlignBytes, Align(1))
	require.EqualValues(t, AlignBytes, Align(AlignBytes))
}

// What is written is what is there, with space set aside that is not the file's
// length.
func TestDirectFile(t *testing.T) {
	d := open(t, vfs.Default, t.TempDir())
	f, err := d.Create(ID{1}, 1<<20)
	require.NoError(t, err)
	p := AlignedBuffer(3 * AlignBytes)
	for i := range p {
		p[i] = byte(i / 7)
	}
	for range 2 {
		n, err := f.Write(p)
		require.NoError(t, err)
		require.Equal(t, len(p), n)
	}
	require.NoError(t, f.Sync())
	require.NoError(t, f.Close())
	got, err := os.ReadFile(d.tmpPath(ID{1}))
	require.NoError(t, err)
	require.True(t, bytes.Equal(append(bytes.Clone(p), p...), got))
	_, err = d.Create(ID{1}, -1)
	require.ErrorIs(t, err, os.ErrExist)
}

// A write that the kernel refuses with O_DIRECT goes through the page cache.
func TestRefusedDirectWriteIsBuffered(t *testing.T) {
	path := t.TempDir() + "/f"
	b, err := createDirect(path)
	require.NoError(t, err)
	n, err := b.Write([]byte("not aligned"))
	require.NoError(t, err)
	require.Equal(t, 11, n)
	flags, err := unix.FcntlInt(b.(directFile).Fd(), unix.F_GETFL, 0)
	require.NoError(t, err)
	require.Zero(t, flags&unix.O_DIRECT)
	require.NoError(t, b.SyncData())
	require.NoError(t, b.Close())
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "not aligned", string(got))
}
