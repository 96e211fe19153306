// SPDX-License-Identifier: Apache-2.0

package durable

import (
	"errors"
	"io"
	"io/fs"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// sealingFile is a file that Pebble writes, or a folder that Pebble syncs.
type sealingFile struct {
	vfs.File // nil of one that could not be made
	fs       *sealingFS
	// vital says that no call may return an error, as Pebble would panic or
	// give up. Files vital to Pebble are vital, and folders, whose sync makes
	// files durable.
	vital bool
	name  string
}

var errShortWrite = errors.Join(io.ErrShortWrite, errors.New("the file system took less than it was given"))

// do makes a call that changes the disk.
func (f *sealingFile) do(call func() error) error { return f.fs.change(f.vital, call) }

func (f *sealingFile) Write(b []byte) (int, error) {
	n := len(b)
	err := f.do(func() error {
		written, err := f.File.Write(b)
		if err == nil && written < n {
			err = errShortWrite
		}
		return err
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

func (f *sealingFile) WriteAt(b []byte, at int64) (int, error) {
	n := len(b)
	if err := f.do(func() error { _, err := f.File.WriteAt(b, at); return err }); err != nil {
		return 0, err
	}
	return n, nil
}

func (f *sealingFile) Sync() error     { return f.do(func() error { return f.File.Sync() }) }
func (f *sealingFile) SyncData() error { return f.do(func() error { return f.File.SyncData() }) }

func (f *sealingFile) SyncTo(length int64) (full bool, err error) {
	err = f.do(func() (err error) { full, err = f.File.SyncTo(length); return err })
	return full, err
}

func (f *sealingFile) Preallocate(offset, length int64) error {
	if f.File == nil || f.fs.seal.err() != nil {
		return nil
	}
	return f.File.Preallocate(offset, length) // Pebble works without
}

// Close closes the file below, also after the seal. A failed close is a failed
// write.
func (f *sealingFile) Close() error {
	if f.File == nil {
		return nil
	}
	err := f.File.Close()
	if f.fs.seal.err() != nil {
		return nil
	}
	return f.do(func() error { return err })
}

func (f *sealingFile) Stat() (vfs.FileInfo, error) {
	if f.File == nil {
		return noFile{f.name}, nil
	}
	info, err := f.File.Stat()
	if err = f.do(func() error { return err }); err == nil && info == nil {
		info = noFile{f.name}
	}
	return info, err
}

func (f *sealingFile) Prefetch(offset, length int64) error {
	if f.File == nil {
		return nil
	}
	return f.File.Prefetch(offset, length)
}

func (f *sealingFile) Fd() uintptr {
	if f.File == nil {
		return vfs.InvalidFd
	}
	return f.File.Fd()
}

func (f *sealingFile) Read(b []byte) (int, error) {
	if f.File == nil {
		return 0, io.EOF
	}
	return f.File.Read(b)
}

func (f *sealingFile) ReadAt(b []byte, at int64) (int, error) {
	if f.File == nil {
		return 0, io.EOF
	}
	return f.File.ReadAt(b, at)
}

// noFile describes a missing log.
type noFile struct{ name string }

func (n noFile) Name() string           { return n.name }
func (n noFile) Size() int64            { return 0 }
func (n noFile) Mode() fs.FileMode      { return 0 }
func (n noFile) ModTime() time.Time     { return time.Time{} }
func (n noFile) IsDir() bool            { return false }
func (n noFile) Sys() any               { return nil }
func (n noFile) DeviceID() vfs.DeviceID { return vfs.DeviceID{} }
