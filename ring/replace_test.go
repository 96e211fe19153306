// SPDX-License-Identifier: Apache-2.0

package ring

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

var errInjected = errors.New("injected")

// faultyFiles lets the call number failAt fail, counted from 1. A failing write
// takes half of its bytes before.
type faultyFiles struct {
	osFiles
	failAt, calls int
}

func (f *faultyFiles) next() error {
	if f.calls++; f.calls == f.failAt {
		return errInjected
	}
	return nil
}

func (f *faultyFiles) CreateTemp(dir, pattern string) (tempFile, error) {
	if err := f.next(); err != nil {
		return nil, err
	}
	file, err := os.CreateTemp(dir, pattern)
	return &faultyFile{file, f}, err
}

func (f *faultyFiles) Rename(from, to string) error {
	return errors.Join(f.next(), f.osFiles.Rename(from, to)) // a rename may err and have happened
}

func (f *faultyFiles) SyncDir(dir string) error { return errors.Join(f.next(), f.osFiles.SyncDir(dir)) }

type faultyFile struct {
	*os.File
	files *faultyFiles
}

func (f *faultyFile) Write(b []byte) (int, error) {
	if err := f.files.next(); err != nil {
		n, _ := f.File.Write(b[:len(b)/2]) // its error would hide the injected one
		return n, err
	}
	return f.File.Write(b)
}

func (f *faultyFile) Chmod(mode os.FileMode) error {
	return errors.Join(f.files.next(), f.File.Chmod(mode))
}
func (f *faultyFile) Sync() error  { return errors.Join(f.files.next(), f.File.Sync()) }
func (f *faultyFile) Close() error { return errors.Join(f.files.next(), f.File.Close()) }

// Every call fails once: the file has the old content or the new content, whole,
// and no temporary file stays.
func TestWriteAtomicallyUnderFaults(t *testing.T) {
	before, after := bytes.Repeat([]byte("old "), 100), bytes.Repeat([]byte("newer "), 200)
	path := filepath.Join(t.TempDir(), "object.ring.gz")
	for failAt := 1; ; failAt++ {
		if err := os.WriteFile(path, before, 0o600); err != nil {
			t.Fatal(err)
		}
		fs := &faultyFiles{failAt: failAt}
		err := writeAtomically(fs, path, func(w io.Writer) error {
			for half := range 2 {
				if _, err := w.Write(after[half*len(after)/2:][:len(after)/2]); err != nil {
					return err
				}
			}
			return nil
		})
		if injected := fs.calls >= failAt; errors.Is(err, errInjected) != injected {
			t.Errorf("call %d: %v", failAt, err)
		}
		got, errRead := os.ReadFile(path)
		if errRead != nil || !bytes.Equal(got, after) && (err == nil || !bytes.Equal(got, before)) {
			t.Errorf("call %d: error %v, and %d bytes are there, %v", failAt, err, len(got), errRead)
		}
		if left, errList := os.ReadDir(filepath.Dir(path)); len(left) != 1 || errList != nil {
			t.Errorf("call %d: %v is left, %v", failAt, left, errList)
		}
		if err == nil {
			if info, errStat := os.Stat(path); errStat != nil || info.Mode() != ringMode {
				t.Errorf("mode %v, %v", info.Mode(), errStat)
			}
			if failAt != 9 { // create, two writes, chmod, sync, close, rename, sync of the folder
				t.Errorf("%d calls, and not 8", failAt-1)
			}
			return
		}
	}
}
