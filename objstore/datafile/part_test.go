// SPDX-License-Identifier: Apache-2.0

package datafile

import (
	"bytes"
	"math"
	"os"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/stretchr/testify/require"

	"needletail/objstore/checksum"
	"needletail/objstore/device"
)

// storePart writes content in pieces as a Part.
func storePart(d *device.Device, id device.ID, f Footer, pieces ...[]byte) error {
	w, err := CreatePart(d, id, f.StoredBytes())
	if err != nil {
		return err
	}
	defer w.Abort()
	var blocks []uint64
	all := bytes.Join(pieces, nil)
	for rest := all; len(rest) > 0; {
		n := min(len(rest), checksum.BlockBytes)
		blocks = append(blocks, checksum.Block(rest[:n]))
		rest = rest[n:]
	}
	for _, p := range pieces {
		if _, err := w.Write(p); err != nil {
			return err
		}
	}
	return w.Finish(f, blocks)
}

// A Part that holds a whole body is the same file as a Writer's, however its
// bytes come.
func TestPartIsTheSameFile(t *testing.T) {
	rng, d := newRand(t), openDevice(t)
	for _, n := range []int{0, 1, 4096, checksum.BlockBytes, narrowBytes - 1, narrowBytes, narrowBytes + 1, 3*wideBytes + 77} {
		id, body := device.NewID(), randomBytes(rng, n)
		require.NoError(t, store(t, d, id, bytes.NewReader(body), WriterOptions{SizeHintBytes: int64(n), SHA512: true}))
		path := d.Dir() + "/data/" + id.String()[:2] + "/" + id.String()[2:4] + "/" + id.String()
		want, err := os.ReadFile(path)
		require.NoError(t, err)
		r, err := Open(d, id)
		require.NoError(t, err)
		f := r.Footer()
		require.NoError(t, r.Close())
		require.NoError(t, d.Remove(id))

		aligned := device.AlignedBuffer(n)
		copy(aligned, body)
		cut := 0
		if n > 0 {
			cut = rng.IntN(n)
		}
		for _, pieces := range [][][]byte{{aligned}, {body[:cut], body[cut:]}, {aligned[:cut&^4095], aligned[cut&^4095:]}} {
			require.NoError(t, storePart(d, id, f, pieces...))
			got, err := os.ReadFile(path)
			require.NoError(t, err)
			require.True(t, bytes.Equal(want, got), "%d bytes", n)
			require.NoError(t, d.Remove(id))
		}
	}
}

// fragmentFooter is a footer of a fragment of n bytes.
func fragmentFooter(n int64) Footer {
	f := sampleFooter()
	f.Info.ETag, f.Info.SHA512, f.Info.SizeBytes = "d41d8cd98f00b204e9800998ecf8427e", "", 4*n
	f.Fragment = Fragment{SizeBytes: n, ShardBytes: checksum.BlockBytes, Data: 4, Parity: 2, Slot: 5}
	return f
}

func TestFragment(t *testing.T) {
	d, id := openDevice(t), device.NewID()
	content := randomBytes(newRand(t), checksum.BlockBytes+100)
	f := fragmentFooter(int64(len(content)))
	require.NoError(t, storePart(d, id, f, content))
	r, err := Open(d, id)
	require.NoError(t, err)
	defer r.Close()
	require.Equal(t, f, r.Footer())
	require.EqualValues(t, len(content), r.SizeBytes())
	got := make([]byte, 100)
	require.NoError(t, r.Blocks(got, 1))
	require.Equal(t, content[checksum.BlockBytes:], got)
	require.NoError(t, Verify(d, id))
}

// A footer that does not tell what was written is refused before the file is
// published.
func TestPartChecksItsFooter(t *testing.T) {
	d, id := openDevice(t), device.NewID()
	require.Error(t, storePart(d, id, fragmentFooter(6), []byte("hello")))
	f := fragmentFooter(5)
	f.Fragment.Slot = 6
	require.Error(t, storePart(d, id, f, []byte("hello")), "a footer that does not read back")
	_, err := Open(d, id)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.NoError(t, storePart(d, id, fragmentFooter(5), []byte("hello")), "nothing is in the way")
}

func TestFragmentNumbersAreBounded(t *testing.T) {
	good := fragmentFooter(5).Fragment
	require.True(t, good.valid())
	for _, change := range []func(*Fragment){
		func(f *Fragment) { f.SizeBytes = -1 },
		func(f *Fragment) { f.SizeBytes = SizeMaxBytes + 1 },
		func(f *Fragment) { f.ShardBytes = 0 },
		func(f *Fragment) { f.ShardBytes++ },
		func(f *Fragment) { f.Data = 0 },
		func(f *Fragment) { f.Parity = 0 },
		func(f *Fragment) { f.Data = fragmentsMax - 1 },
		func(f *Fragment) { f.Slot = 6 },
		func(f *Fragment) { f.Slot = math.MinInt },
	} {
		f := good
		change(&f)
		require.False(t, f.valid(), "%+v", f)
	}
	f := good
	f.Data = fragmentsMax - 2
	require.True(t, f.valid())
}

// A Part that failed stays failed, and leaves nothing.
func TestPartFails(t *testing.T) {
	mem, fault := memFS(), &nth{n: -1, err: syscall.EIO}
	d := openMem(t, errorfs.Wrap(mem, fault))
	for n := 0; ; n++ {
		require.Less(t, n, opsMax)
		id := device.NewID()
		fault.n = len(fault.seen) + n
		err := storePart(d, id, fragmentFooter(checksum.BlockBytes), make([]byte, checksum.BlockBytes))
		if len(fault.seen) <= fault.n {
			require.NoError(t, err)
			require.Greater(t, n, 6, "the operations were seen")
			return
		}
		if err != nil {
			fault.n = -1
			_, err = Open(openMem(t, mem), id)
			require.ErrorIs(t, err, os.ErrNotExist)
			d = openMem(t, errorfs.Wrap(mem, fault)) // a failed sync seals
		}
	}
}
