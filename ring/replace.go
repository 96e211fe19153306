// SPDX-License-Identifier: Apache-2.0

package ring

import (
	"errors"
	"io"
	"os"
	"path/filepath"
)

// ringMode is the mode of ring and builder files: every user of the machine may
// read them, as Swift's processes do.
const ringMode = 0o644

// files are the calls that writeAtomically makes. Tests let them fail.
type files interface {
	// CreateTemp makes a new file in dir, with a name made of pattern.
	CreateTemp(dir, pattern string) (tempFile, error)
	Rename(from, to string) error
	Remove(path string) error
	// SyncDir makes the names in dir durable.
	SyncDir(dir string) error
}

type tempFile interface {
	io.WriteCloser
	Name() string
	Chmod(mode os.FileMode) error
	Sync() error
}

// writeAtomically replaces the file at path with what write writes, durably.
// After an error, and after a crash, path has the old content or the new
// content, whole. The temporary file is removed after an error; a crash leaves
// it.
func writeAtomically(fs files, path string, write func(io.Writer) error) error {
	dir := filepath.Dir(path)
	f, err := fs.CreateTemp(dir, "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	err = write(f)
	if err == nil {
		err = f.Chmod(ringMode)
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = fs.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, fs.Remove(f.Name()))
	}
	return fs.SyncDir(dir)
}

// osFiles is the file system of the operating system.
type osFiles struct{}

func (osFiles) CreateTemp(dir, pattern string) (tempFile, error) { return os.CreateTemp(dir, pattern) }
func (osFiles) Rename(from, to string) error                     { return os.Rename(from, to) }
func (osFiles) Remove(path string) error                         { return os.Remove(path) }

func (osFiles) SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
