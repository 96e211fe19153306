// SPDX-License-Identifier: Apache-2.0

package device

import (
	"errors"
	"fmt"

	"needletail/objstore/oserror"
)

var (
	// ErrNoSpace: the disk is full, or the write would touch its reserve.
	ErrNoSpace = errors.New("no space left on device")
	// ErrSealed: an fsync failed, and the device takes no more writes.
	ErrSealed = errors.New("device is sealed after a failed sync")
)

// opError wraps an error of the file system with the operation, and marks a
// full disk, whether of bytes, inodes or quota.
func opError(op string, err error) error {
	if err == nil {
		return nil
	}
	if oserror.NoSpace(err) {
		return fmt.Errorf("device: %s: %w: %w", op, ErrNoSpace, err)
	}
	return fmt.Errorf("device: %s: %w", op, err)
}
