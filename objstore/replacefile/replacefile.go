// SPDX-License-Identifier: Apache-2.0

// Package replacefile replaces a small file on a file system: after a crash the
// old content or the new content is there, whole.
//
// The order of the calls makes the promise. The new content goes to a temporary
// file beside the old file. The temporary file is synced, then renamed over the
// old file, and at last the folder is synced. The temporary file of a call that
// failed stays; the next call replaces the temporary file.
package replacefile

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// suffix ends the name of the temporary file.
const suffix = ".new"

// Write replaces the file at path with content, durably: nil means that the new
// content survives a loss of power. After an error the file has the old content
// or the new content. The folder must exist. Two calls for the same path must
// not run at the same time.
func Write(fs vfs.FS, path string, content []byte) error {
	err := write(fs, path, content, true)
	if err == nil {
		err = SyncFolder(fs, fs.PathDir(path))
	}
	return wrap(fs, path, err)
}

// WriteVolatile replaces the file at path with content and syncs nothing. A
// reader sees the old content or the new content. After a loss of power the file
// may be empty, damaged or missing. WriteVolatile is for files that are written
// again and again and that nothing depends on.
func WriteVolatile(fs vfs.FS, path string, content []byte) error {
	return wrap(fs, path, write(fs, path, content, false))
}

func write(fs vfs.FS, path string, content []byte, sync bool) error {
	f, err := fs.Create(path+suffix, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	n, err := f.Write(bytes.Clone(content)) // vfs.File may change the bytes that Write gets
	if err == nil && n < len(content) {
		err = io.ErrShortWrite
	}
	if err == nil && sync {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	return fs.Rename(path+suffix, path)
}

// SyncFolder makes the names in a folder durable: files that were created,
// renamed or removed there.
func SyncFolder(fs vfs.FS, dir string) error {
	d, err := fs.OpenDir(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func wrap(fs vfs.FS, path string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("write %s: %w", fs.PathBase(path), err)
}
