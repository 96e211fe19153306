// SPDX-License-Identifier: Apache-2.0

// Package oserror names the meanings of errors of the operating system.
package oserror

import (
	"errors"
	"syscall"
)

// Exhausted reports whether the process or the machine had no file descriptor
// or no memory to spare. The file and the disk are not at fault, and the same
// call may succeed a moment later.
func Exhausted(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) || errors.Is(err, syscall.ENOMEM)
}

// NoSpace reports whether a disk, or a user's share of a disk, was full of
// bytes or of inodes.
func NoSpace(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}
