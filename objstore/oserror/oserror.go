// Package oserror tells apart what errors of the operating system mean.
package oserror

import (
	"errors"
	"syscall"
)

// Exhausted says that the process or the machine had no file descriptor or no
// memory to spare. Such an error is no fault of the file or the disk that was
// asked, and the same call may succeed a moment later.
func Exhausted(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) || errors.Is(err, syscall.ENOMEM)
}

// NoSpace says that a disk, or somebody's share of it, was full of bytes or of
// inodes.
func NoSpace(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}
