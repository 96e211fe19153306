// SPDX-License-Identifier: Apache-2.0

package replacefile

import (
	"errors"
	iofs "io/fs"
	"os"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// privateMode is the mode of a file of Private: only the owner reads and writes.
const privateMode = 0o600

// Private is the file system of the operating system for secrets: Create makes
// files that only their owner can read, from the first moment on. vfs.Default
// gives new files the mode 0666 less the umask.
var Private vfs.FS = privateFS{vfs.Default}

type privateFS struct{ vfs.FS }

// Create makes an empty file with mode 0600 in place of a file of that name.
func (f privateFS) Create(path string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, iofs.ErrNotExist) {
		return nil, err
	}
	// O_EXCL: a link that somebody put at this name is not followed.
	empty, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, privateMode)
	if err != nil {
		return nil, err
	}
	if err := empty.Close(); err != nil {
		return nil, err
	}
	return f.FS.OpenReadWrite(path, c) // keeps the mode
}

// Unwrap returns the file system below.
func (f privateFS) Unwrap() vfs.FS { return f.FS }
