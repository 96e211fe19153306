// SPDX-License-Identifier: Apache-2.0

package device

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/stretchr/testify/require"
)

// memFS is a file system in memory that can crash.
func memFS(freeBytes, totalBytes uint64) *vfs.MemFS {
	fs := vfs.NewCrashableMem()
	fs.TestingSetDiskUsage(vfs.DiskUsage{AvailBytes: freeBytes, TotalBytes: totalBytes})
	return fs
}

func open(t testing.TB, fs vfs.FS, dir string) *Device {
	d, err := Open(fs, dir, Options{})
	require.NoError(t, err)
	return d
}

// put publishes a file of one aligned block.
func put(d *Device, id ID) error {
	f, err := d.Create(id, AlignBytes)
	if err != nil {
		return err
	}
	_, err = f.Write(AlignedBuffer(AlignBytes))
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, d.Discard(id))
	}
	return d.Publish(id)
}

func walk(t *testing.T, d *Device) []ID {
	var ids []ID
	require.NoError(t, d.Walk(func(id ID) error {
		ids = append(ids, id)
		return nil
	}))
	return ids
}

func crash(fs *vfs.MemFS) *vfs.MemFS { return fs.CrashClone(vfs.CrashCloneCfg{}) }

func TestOpenIsDurable(t *testing.T) {
	fs := memFS(1, 1)
	open(t, fs, "/a/b/c")
	for _, name := range []string{dataDir, tmpDir, quarantineDir} {
		_, err := crash(fs).Stat("/a/b/c/" + name)
		require.NoError(t, err, name)
	}
}

func TestPublishIsDurable(t *testing.T) {
	mem := memFS(1, 1)
	d := open(t, mem, "/disk")
	// Same first level, same both levels, and neither.
	for _, id := range []ID{{1, 1, 1}, {1, 2}, {1, 1, 2}, {2, 1}} {
		require.NoError(t, put(d, id))
		f, err := open(t, crash(mem), "/disk").OpenFile(id)
		require.NoError(t, err, "%s", id)
		stat, err := f.Stat()
		require.NoError(t, err)
		require.EqualValues(t, AlignBytes, stat.Size())
		require.NoError(t, f.Close())
	}
}

// A directory that an earlier process created and did not sync is synced.
func TestOpenSyncsOldDirectories(t *testing.T) {
	mem := memFS(1, 1)
	open(t, mem, "/disk")
	require.NoError(t, mem.MkdirAll("/disk/data/07/08", 0o700))
	require.NoError(t, put(open(t, mem, "/disk"), ID{7, 8}))
	require.Equal(t, []ID{{7, 8}}, walk(t, open(t, crash(mem), "/disk")))
}

// Writers that share new directories: each file is durable when Publish returns.
func TestPublishSideBySide(t *testing.T) {
	mem := memFS(1, 1)
	d := open(t, mem, "/disk")
	var wg sync.WaitGroup
	for i := range byte(32) {
		wg.Go(func() {
			id := ID{i % 2, i % 4, i}
			if err := put(d, id); err != nil {
				t.Error(err)
			}
			after := crash(mem)
			if _, err := after.Stat("/disk/data/" + levelName(id[0]) + "/" + levelName(id[1]) + "/" + id.String()); err != nil {
				t.Errorf("after a crash: %v", err)
			}
		})
	}
	wg.Wait()
	require.Len(t, walk(t, d), 32)
}

func TestOpenEmptiesTmp(t *testing.T) {
	dir := t.TempDir()
	d := open(t, vfs.Default, dir)
	f, err := d.Create(ID{1}, -1)
	require.NoError(t, err)
	require.NoError(t, f.Close())
	require.NoError(t, os.MkdirAll(filepath.Join(dir, tmpDir, "folder", "x"), 0o700))
	require.NoError(t, put(d, ID{2}))
	d = open(t, vfs.Default, dir)
	left, err := os.ReadDir(filepath.Join(dir, tmpDir))
	require.NoError(t, err)
	require.Empty(t, left)
	require.Equal(t, []ID{{2}}, walk(t, d))
}

func TestWalk(t *testing.T) {
	dir := t.TempDir()
	d := open(t, vfs.Default, dir)
	var want []ID
	for i := range 50 {
		id := NewID()
		id[0], id[1] = byte(i%3), byte(i%5)
		want = append(want, id)
		require.NoError(t, put(d, id))
	}
	stranger := filepath.Join(dir, dataDir, "00", "00", "notes.txt")
	misplaced := filepath.Join(dir, dataDir, "00", "00", ID{0xff}.String())
	for _, path := range []string{stranger, misplaced, filepath.Join(dir, dataDir, "lost+found")} {
		require.NoError(t, os.WriteFile(path, nil, 0o600))
	}
	require.ElementsMatch(t, want, walk(t, d))

	errStop := errors.New("stop")
	count := 0
	require.Equal(t, errStop, d.Walk(func(ID) error {
		count++
		return errStop
	}))
	require.Equal(t, 1, count)
}

func TestRemoveAndDiscard(t *testing.T) {
	d := open(t, vfs.Default, t.TempDir())
	require.NoError(t, put(d, ID{1}))
	require.NoError(t, d.Remove(ID{1}))
	require.NoError(t, d.Remove(ID{1}), "a missing file is no error")
	require.NoError(t, d.Discard(ID{1}))
	_, err := d.OpenFile(ID{1})
	require.ErrorIs(t, err, fs.ErrNotExist)
}

func TestQuarantineMovesAndNeverReplaces(t *testing.T) {
	mem := memFS(1, 1)
	d := open(t, mem, "/disk")
	require.NoError(t, put(d, ID{1}))
	require.NoError(t, d.Quarantine(ID{1}))
	_, err := d.OpenFile(ID{1})
	require.ErrorIs(t, err, fs.ErrNotExist)
	after := crash(mem)
	_, err = after.Stat("/disk/quarantine/" + ID{1}.String())
	require.NoError(t, err, "it is durable")
	require.Empty(t, walk(t, open(t, after, "/disk")))

	for n := 1; n < quarantineMax; n++ {
		require.NoError(t, put(d, ID{1}))
		require.NoError(t, d.Quarantine(ID{1}))
		_, err = mem.Stat(fmt.Sprintf("/disk/quarantine/%s.%d", ID{1}, n))
		require.NoError(t, err)
	}
	require.NoError(t, put(d, ID{1}))
	require.ErrorIs(t, d.Quarantine(ID{1}), fs.ErrExist)
	require.Equal(t, []ID{{1}}, walk(t, d))
	require.ErrorIs(t, d.Quarantine(ID{2}), fs.ErrNotExist)
}

func TestSealedDevice(t *testing.T) {
	d := open(t, vfs.Default, t.TempDir())
	require.NoError(t, put(d, ID{1}))
	f, err := d.Create(ID{2}, -1)
	require.NoError(t, err)
	require.NoError(t, f.Close())
	cause := errors.New("cause")
	d.Seal(cause)
	d.Seal(errors.New("later"))
	require.ErrorIs(t, d.Sealed(), cause)
	for name, err := range map[string]error{
		"reserve": d.Reserve(1), "create": put(d, ID{3}), "publish": d.Publish(ID{2}),
		"remove": d.Remove(ID{1}), "quarantine": d.Quarantine(ID{1}),
	} {
		require.ErrorIs(t, err, ErrSealed, name)
	}
	require.NoError(t, d.Discard(ID{2}))
	require.Equal(t, []ID{{1}}, walk(t, d))
}

// A failed sync of a directory is an error for the file that needed it and for
// all that come later, and is never tried again.
func TestFailedDirectorySyncSeals(t *testing.T) {
	mem := memFS(1, 1)
	for n := range 3 { // data/, data/01/, data/01/01/
		fail, syncs := false, 0
		dir := "/disk" + levelName(byte(n))
		d := open(t, errorfs.Wrap(mem, errorfs.InjectorFunc(func(op errorfs.Op) error {
			if op.Kind != errorfs.OpFileSync || !fail {
				return nil
			}
			if syncs++; syncs == n+1 {
				return syscall.EIO
			}
			return nil
		})), dir)
		fail = true
		require.ErrorIs(t, put(d, ID{1, 1}), syscall.EIO)
		require.ErrorIs(t, put(d, ID{1, 1, 1}), ErrSealed)
		require.Equal(t, n+1, syncs)
		require.Empty(t, walk(t, d))
	}
}

// A directory's sync that succeeded after another one's failure proves nothing:
// the kernel may have dropped what it was to write.
func TestSyncBesideAFailedOneDoesNotCount(t *testing.T) {
	mem := memFS(1, 1)
	var d *Device
	cause := errors.New("another file's sync failed")
	d = open(t, errorfs.Wrap(mem, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if op.Kind == errorfs.OpFileSync && d != nil && op.Path == d.leafPath(ID{1}) {
			d.Seal(cause)
		}
		return nil
	})), "/disk")
	require.ErrorIs(t, put(d, ID{1}), cause)
	require.Empty(t, walk(t, d))
}

func TestParseID(t *testing.T) {
	id := NewID()
	got, err := ParseID(id.String())
	require.NoError(t, err)
	require.Equal(t, id, got)
	for _, bad := range []string{"", "00", id.String() + "0", "../" + id.String()[3:], "A" + ID{}.String()[1:], "g" + ID{}.String()[1:]} {
		_, err := ParseID(bad)
		require.Error(t, err, bad)
	}
	require.False(t, slices.Equal(id[:], make([]byte, 16)))
}

func FuzzParseID(f *testing.F) {
	f.Add(ID{1}.String())
	f.Add("../../../../../../../etc/passwd0")
	f.Fuzz(func(t *testing.T, s string) {
		if id, err := ParseID(s); err == nil {
			require.Equal(t, s, id.String())
		}
	})
}
