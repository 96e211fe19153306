// SPDX-License-Identifier: Apache-2.0

package replacefile

import (
	"bytes"
	"errors"
	"io"
	iofs "io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"needletail/objstore/durable/faultfs"
)

var (
	before = bytes.Repeat([]byte("old "), 3000)
	after  = bytes.Repeat([]byte("newer "), 5000)
)

func read(t *testing.T, fs vfs.FS, path string) []byte {
	t.Helper()
	f, err := fs.Open(path)
	if errors.Is(err, iofs.ErrNotExist) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(f)
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	return b
}

// Every call of the file system fails once, in every way. The file that other
// programs see, and the file that is left after a loss of power right then, has
// the old content or the new content, whole. After a success the new content
// survives the loss of power.
func TestWriteUnderFaults(t *testing.T) {
	for name, old := range map[string][]byte{"replaces a file": before, "makes a file": nil} {
		t.Run(name, func(t *testing.T) {
			sum := faultfs.Sweep(t, faultfs.Once, 1, func(fault faultfs.Fault) (out faultfs.Outcome) {
				mem := vfs.NewCrashableMem()
				if err := errors.Join(mem.MkdirAll("d", 0o700), SyncFolder(mem, "")); err != nil {
					t.Fatal(err)
				}
				if old != nil {
					if err := Write(mem, "d/f", old); err != nil {
						t.Fatal(err)
					}
				}
				fs := faultfs.New(mem)
				fs.Arm(fault)
				err := Write(fs, "d/f", after)
				var what string
				out.Calls, out.Injected, what = fs.Disarm()
				if (err != nil) != (out.Injected > 0) {
					t.Errorf("%v: %s: %v", fault, what, err)
				}
				for where, fs := range map[string]vfs.FS{"now": mem, "after a loss of power": mem.CrashClone(vfs.CrashCloneCfg{})} {
					got := read(t, fs, "d/f")
					if !bytes.Equal(got, after) && (err == nil || !bytes.Equal(got, old)) {
						t.Errorf("%v: %s: error %v, and %s %d bytes are there", fault, what, err, where, len(got))
					}
				}
				if err := Write(mem, "d/f", after); err != nil { // the temporary file is in nobody's way
					t.Errorf("%v: %s: again: %v", fault, what, err)
				}
				return out
			})
			if sum.Injected < 20 {
				t.Errorf("only %d faults", sum.Injected)
			}
		})
	}
}

// A volatile file is whole for readers, whatever fails.
func TestWriteVolatileUnderFaults(t *testing.T) {
	sum := faultfs.Sweep(t, faultfs.Once, 1, func(fault faultfs.Fault) (out faultfs.Outcome) {
		mem := vfs.NewMem()
		if err := WriteVolatile(mem, "f", before); err != nil {
			t.Fatal(err)
		}
		fs := faultfs.New(mem)
		fs.Arm(fault)
		err := WriteVolatile(fs, "f", after)
		out.Calls, out.Injected, _ = fs.Disarm()
		got := read(t, mem, "f")
		if !bytes.Equal(got, after) && (err == nil || !bytes.Equal(got, before)) {
			t.Errorf("%v: error %v, and %d bytes are there", fault, err, len(got))
		}
		return out
	})
	if sum.Injected < 10 {
		t.Errorf("only %d faults", sum.Injected)
	}
}

// A private file is readable by its owner alone, also in place of a file that
// others could read, and a link at the temporary name is not followed.
func TestPrivate(t *testing.T) {
	dir := t.TempDir()
	path, victim := filepath.Join(dir, "f"), filepath.Join(dir, "victim")
	if err := errors.Join(os.WriteFile(path, before, 0o644), os.WriteFile(victim, before, 0o644), os.Symlink(victim, path+suffix)); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := Write(Private, path, after); err != nil {
			t.Fatal(err)
		}
		info, err := os.Lstat(path)
		if err != nil || info.Mode() != privateMode {
			t.Errorf("mode %v, %v", info.Mode(), err)
		}
	}
	if got := read(t, vfs.Default, path); !bytes.Equal(got, after) {
		t.Errorf("%d bytes", len(got))
	}
	if got := read(t, vfs.Default, victim); !bytes.Equal(got, before) {
		t.Error("the write went through a link")
	}
	if err := Write(Private, filepath.Join(dir, "no", "f"), after); !errors.Is(err, iofs.ErrNotExist) {
		t.Errorf("a missing folder: %v", err)
	}
}
