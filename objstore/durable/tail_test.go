// SPDX-License-Identifier: Apache-2.0

package durable

import (
	"errors"
	"io"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// crashed is what a database leaves that was killed after so many commits, one
// after another, of values of so many bytes: its file system and newest log.
func crashed(t *testing.T, commits, valueBytes int) (fs *vfs.MemFS, log string) {
	t.Helper()
	mem := vfs.NewCrashableMem()
	d := openTest(t, mem)
	for i := range commits {
		if err := put(d, i, make([]byte, valueBytes)); err != nil {
			t.Fatal(err)
		}
	}
	fs = mem.CrashClone(vfs.CrashCloneCfg{})
	closeTest(t, d)
	names, err := fs.List("db")
	if err != nil {
		t.Fatal(err)
	}
	_, name := newestLog(names)
	return fs, fs.PathJoin("db", name)
}

func readTest(t *testing.T, fs vfs.FS, path string) []byte {
	t.Helper()
	f, err := fs.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(f)
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	return b
}

func writeTest(t *testing.T, fs vfs.FS, path string, b []byte) {
	t.Helper()
	f, err := fs.Create(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.Write(append([]byte(nil), b...))
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		t.Fatal(err)
	}
}

// A log as a crash leaves it ends cleanly, and nothing is dropped.
func TestCrashedLogIsWhole(t *testing.T) {
	for _, size := range []int{10, 5000, 40_000} {
		fs, log := crashed(t, 5, size)
		tail, err := readTail(fs, log, 2)
		if err != nil || tail.DroppedBytes != 0 || tail.Closed || tail.From.IsZero() {
			t.Errorf("values of %d bytes: %+v, %v", size, tail, err)
		}
	}
}

// A damaged place with acknowledged commits behind it is refused, wherever it
// is; one in the last commit, which a crash might explain, is told.
func TestFlippedLog(t *testing.T) {
	const commits = 30
	fs, log := crashed(t, commits, 900)
	good := readTest(t, fs, log)
	rng := rand.New(rand.NewPCG(1, 1))
	var refused, told int
	for range 400 {
		at := rng.IntN(len(good))
		bad := append([]byte(nil), good...)
		bad[at] ^= 1 << rng.IntN(8)
		clone := fs.CrashClone(vfs.CrashCloneCfg{})
		writeTest(t, clone, log, bad)
		d, err := Open("db", testOptions(clone))
		if errors.Is(err, ErrDamaged) {
			refused++
			continue
		}
		if err != nil {
			t.Errorf("byte %d: %v", at, err)
			continue
		}
		missing := 0
		for i := range commits {
			if !has(t, d, i) {
				missing++
			}
		}
		tail := d.Tail()
		if missing > 0 && tail.DroppedBytes == 0 {
			t.Errorf("byte %d of %d: %d commits are gone without a word", at, len(good), missing)
		}
		if tail.DroppedBytes > 0 {
			told++
			if tail.From.IsZero() || tail.To.IsZero() || time.Since(tail.From) > time.Hour {
				t.Errorf("byte %d: %+v", at, tail)
			}
		}
		closeTest(t, d)
	}
	t.Logf("400 flips in %d bytes: %d refused, %d told", len(good), refused, told)
	if refused < 300 || told == 0 {
		t.Errorf("%d refused, %d told", refused, told)
	}
}

// Zeros in the place of commits in the middle of a log are no end of it.
func TestZeroedLog(t *testing.T) {
	fs, log := crashed(t, 60, 3000)
	b := readTest(t, fs, log)
	clear(b[50_000:60_000])
	writeTest(t, fs, log, b)
	if d, err := Open("db", testOptions(fs)); !errors.Is(err, ErrDamaged) {
		t.Errorf("opened: %v, %v", d, err)
	}
}

// A log that was cut in a commit is told; a lost log is refused.
func TestCutAndLostLog(t *testing.T) {
	fs, log := crashed(t, 20, 3000)
	b := readTest(t, fs, log)
	writeTest(t, fs, log, b[:len(b)/2])
	d := openTest(t, fs)
	if d.Tail().DroppedBytes == 0 {
		t.Errorf("%+v", d.Tail())
	}
	closeTest(t, d)
	names, err := fs.List("db")
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range names {
		if _, isLog := logNumber(n); isLog {
			if err := fs.Remove(fs.PathJoin("db", n)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if d, err := Open("db", testOptions(fs)); !errors.Is(err, ErrDamaged) {
		t.Errorf("opened: %v, %v", d, err)
	}
}

// What an older log left in a file that is used again is no commit.
func TestReusedLog(t *testing.T) {
	mem := vfs.NewCrashableMem()
	d := openTest(t, mem)
	for i := range 400 { // several logs
		if err := put(d, i, make([]byte, 4000)); err != nil {
			t.Fatal(err)
		}
	}
	fs := mem.CrashClone(vfs.CrashCloneCfg{})
	closeTest(t, d)
	d = openTest(t, fs)
	defer closeTest(t, d)
	if tail := d.Tail(); tail.DroppedBytes != 0 || tail.ReadBytes == 0 {
		t.Errorf("%+v", tail)
	}
	for i := range 400 {
		if !has(t, d, i) {
			t.Errorf("%d is gone", i)
		}
	}
}

// After a clean stop no log is needed for what was committed.
func TestCleanStopNeedsNoLog(t *testing.T) {
	fs := vfs.NewMem()
	d := openTest(t, fs)
	for i := range 10 {
		if err := put(d, i, []byte("v")); err != nil {
			t.Fatal(err)
		}
	}
	closeTest(t, d)
	names, err := fs.List("db")
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range names {
		if _, isLog := logNumber(n); isLog {
			b := readTest(t, fs, fs.PathJoin("db", n))
			clear(b)
			writeTest(t, fs, fs.PathJoin("db", n), b)
		}
	}
	d = openTest(t, fs)
	defer closeTest(t, d)
	for i := range 10 {
		if !has(t, d, i) {
			t.Errorf("%d is gone", i)
		}
	}
}

func FuzzScan(f *testing.F) {
	f.Add([]byte{}, uint32(1))
	f.Add(make([]byte, 100), uint32(2))
	f.Fuzz(func(t *testing.T, b []byte, log uint32) {
		s := scan{log: log}
		s.block(b[:min(len(b), blockBytes)])
		if tail := s.tail(time.Time{}); tail.ReadBytes > int64(len(b)) || tail.DroppedBytes > int64(len(b)) {
			t.Errorf("%+v of %d bytes", tail, len(b))
		}
	})
}
