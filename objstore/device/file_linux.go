// SPDX-License-Identifier: Apache-2.0

package device

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// directFile writes past the page cache where the file system allows it, and
// through the page cache elsewhere.
type directFile struct{ *os.File }

// createDirect creates a file that must not exist.
func createDirect(path string) (backing, error) {
	const flags = os.O_WRONLY | os.O_CREATE | os.O_EXCL
	f, err := os.OpenFile(path, flags|unix.O_DIRECT, 0o640)
	if !errors.Is(err, unix.EINVAL) {
		return directFile{f}, err
	}
	// Some file systems create the file before they refuse the flag.
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	f, err = os.OpenFile(path, flags, 0o640)
	return directFile{f}, err
}

// Write appends p. A file system may accept O_DIRECT at the open and refuse it
// at the first write.
func (f directFile) Write(p []byte) (int, error) {
	n, err := f.File.Write(p)
	if n > 0 || !errors.Is(err, unix.EINVAL) {
		return n, err
	}
	flags, err := unix.FcntlInt(f.Fd(), unix.F_GETFL, 0)
	if err != nil {
		return 0, os.NewSyscallError("fcntl", err)
	}
	if flags&unix.O_DIRECT == 0 {
		return 0, unix.EINVAL
	}
	if _, err := unix.FcntlInt(f.Fd(), unix.F_SETFL, flags&^unix.O_DIRECT); err != nil {
		return 0, os.NewSyscallError("fcntl", err)
	}
	return f.File.Write(p)
}

// SyncData is fdatasync.
func (f directFile) SyncData() error {
	for {
		if err := unix.Fdatasync(int(f.Fd())); err != unix.EINTR {
			return os.NewSyscallError("fdatasync", err)
		}
	}
}

// Preallocate sets space aside without changing the file's length. A file
// system without preallocation does without.
func (f directFile) Preallocate(offset, length int64) error {
	for {
		err := unix.Fallocate(int(f.Fd()), unix.FALLOC_FL_KEEP_SIZE, offset, length)
		switch err {
		case unix.EINTR:
			continue
		case unix.EOPNOTSUPP, unix.ENOSYS:
			return nil
		}
		return os.NewSyscallError("fallocate", err)
	}
}
