// SPDX-License-Identifier: Apache-2.0

package datafile

import (
	"bytes"
	"errors"
	"io"
	"sync"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/stretchr/testify/require"

	"needletail/objstore/device"
)

// opsMax bounds the loops over operations; a store has about 25.
const opsMax = 200

func openMem(t *testing.T, fs vfs.FS) *device.Device {
	d, err := device.Open(fs, "/disk/one", device.Options{})
	require.NoError(t, err)
	return d
}

// nth fails operation number n, counted from 0.
type nth struct {
	sync.Mutex
	n    int
	err  error
	seen []errorfs.Op
}

func (f *nth) String() string { return "nth" }

func (f *nth) MaybeError(op errorfs.Op) error {
	f.Lock()
	defer f.Unlock()
	f.seen = append(f.seen, op)
	if len(f.seen) == f.n+1 {
		return f.err
	}
	return nil
}

// published lists the files of a device, looked up behind its back.
func published(t *testing.T, fs vfs.FS) []device.ID {
	var ids []device.ID
	require.NoError(t, openMem(t, fs).Walk(func(id device.ID) error {
		ids = append(ids, id)
		return nil
	}))
	return ids
}

// Every operation of a store fails once, each time on a fresh device: an error
// is reported and leaves no file, or there was none and the file is durable.
func TestEveryWriteOperationFailsOnce(t *testing.T) {
	body := randomBytes(newRand(t), 2*deepBytes+deepBytes/2)
	for _, cause := range []error{syscall.EIO, syscall.ENOSPC} {
		for n := 0; ; n++ {
			require.Less(t, n, opsMax)
			mem, id := memFS(), device.NewID()
			openMem(t, mem)
			fault := &nth{n: -1, err: cause}
			d := openMem(t, errorfs.Wrap(mem, fault))
			fault.n = len(fault.seen) + n

			err := store(t, d, id, bytes.NewReader(body), WriterOptions{SizeHintBytes: int64(len(body))})
			if len(fault.seen) <= fault.n {
				require.NoError(t, err)
				require.Greater(t, n, 12, "the operations were seen")
				break
			}
			failed := fault.seen[fault.n]
			if err == nil {
				require.NoError(t, Verify(openMem(t, mem.CrashClone(vfs.CrashCloneCfg{})), id), "%v", failed)
				continue
			}
			require.ErrorIs(t, err, cause, "%v", failed)
			require.Equal(t, cause == syscall.ENOSPC, errors.Is(err, device.ErrNoSpace))
			require.Empty(t, published(t, mem), "%v", failed)
			left, err := mem.List("/disk/one/tmp")
			require.NoError(t, err)
			require.Empty(t, left, "%v", failed)
			checkSeal(t, d, failed)
		}
	}
	requireNoBuffersInUse(t)
}

// checkSeal: a failed fsync, and nothing else, seals the device.
func checkSeal(t *testing.T, d *device.Device, failed errorfs.Op) {
	if failed.Kind == errorfs.OpFileSync || failed.Kind == errorfs.OpFileSyncData {
		require.ErrorIs(t, d.Sealed(), device.ErrSealed, "%v", failed)
		_, err := Create(d, device.NewID(), WriterOptions{SizeHintBytes: -1})
		require.ErrorIs(t, err, device.ErrSealed)
		return
	}
	require.NoError(t, d.Sealed(), "%v", failed)
}

func TestEveryReadOperationFailsOnce(t *testing.T) {
	mem, id := memFS(), device.NewID()
	body := randomBytes(newRand(t), wideBytes)
	require.NoError(t, store(t, openMem(t, mem), id, bytes.NewReader(body), WriterOptions{SizeHintBytes: -1}))
	for n := 0; ; n++ {
		require.Less(t, n, opsMax)
		fault := &nth{n: -1, err: syscall.EIO}
		d := openMem(t, errorfs.Wrap(mem, fault))
		fault.n = len(fault.seen) + n
		err := Verify(d, id)
		if len(fault.seen) <= fault.n {
			require.NoError(t, err)
			break
		}
		if fault.seen[fault.n].Kind == errorfs.OpFileClose {
			continue
		}
		require.ErrorIs(t, err, syscall.EIO, "%v", fault.seen[fault.n])
		require.NotErrorIs(t, err, ErrCorrupt, "a disk that does not answer is not damage")
	}
}

// An fsync that failed is not tried again on the file, and reads go on.
func TestFailedSyncIsNotRetried(t *testing.T) {
	mem, old, id := memFS(), device.NewID(), device.NewID()
	syncs, fail := 0, false
	d := openMem(t, errorfs.Wrap(mem, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if op.Kind != errorfs.OpFileSyncData || !fail {
			return nil
		}
		syncs++
		return syscall.EIO
	})))
	require.NoError(t, store(t, d, old, bytes.NewReader([]byte("old")), WriterOptions{SizeHintBytes: -1}))
	fail = true
	w, err := Create(d, id, WriterOptions{SizeHintBytes: -1})
	require.NoError(t, err)
	err = w.Finish(sampleFooter())
	require.ErrorIs(t, err, syscall.EIO)
	require.Equal(t, err, w.Finish(sampleFooter()), "the writer stays failed")
	require.NoError(t, w.Abort())
	require.Equal(t, 1, syncs)
	require.ErrorIs(t, d.Remove(old), device.ErrSealed)
	require.NoError(t, Verify(d, old))
}

// The power fails before each operation of a store: what is then in data/ is
// whole, whatever part of the unsynced state survived.
func TestCrashAtEveryOperation(t *testing.T) {
	rng := newRand(t)
	body := randomBytes(rng, 2*deepBytes+100)
	mem, id := memFS(), device.NewID()
	var mu sync.Mutex
	var crashed []*vfs.MemFS
	d := openMem(t, errorfs.Wrap(mem, errorfs.InjectorFunc(func(errorfs.Op) error {
		mu.Lock()
		defer mu.Unlock()
		for _, percent := range []int{0, 30, 70, 100} {
			crashed = append(crashed, mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: percent, RNG: rng}))
		}
		return nil
	})))
	require.NoError(t, store(t, d, id, bytes.NewReader(body), WriterOptions{SizeHintBytes: int64(len(body))}))
	for i, fs := range crashed {
		after := openMem(t, fs)
		for _, found := range published(t, fs) {
			require.Equal(t, id, found)
			require.NoError(t, Verify(after, found), "crash %d", i)
		}
	}
	require.Greater(t, len(crashed), 40)

	after := openMem(t, mem.CrashClone(vfs.CrashCloneCfg{}))
	require.Equal(t, body, readAll(t, after, id), "Finish had returned")
}

// A body whose reader fails, stalls or lies is no file.
func TestBadBodies(t *testing.T) {
	errCut := errors.New("connection was cut")
	rest := func(err error) io.Reader {
		return io.MultiReader(bytes.NewReader(make([]byte, 2*deepBytes+5)), badReader{0, err})
	}
	for name, c := range map[string]struct {
		body io.Reader
		want error
	}{
		"fails":  {rest(errCut), errCut},
		"stalls": {rest(nil), io.ErrNoProgress},
		"lies":   {badReader{1 << 40, nil}, nil},
	} {
		mem := memFS()
		d := openMem(t, mem)
		err := store(t, d, device.NewID(), c.body, WriterOptions{SizeHintBytes: -1})
		var read *ReadError
		require.ErrorAs(t, err, &read, name)
		if c.want != nil {
			require.ErrorIs(t, err, c.want, name)
		}
		require.Empty(t, published(t, mem), name)
	}
	requireNoBuffersInUse(t)
}

// badReader gives the same count and error each time.
type badReader struct {
	n   int
	err error
}

func (r badReader) Read([]byte) (int, error) { return r.n, r.err }
