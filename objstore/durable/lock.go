// SPDX-License-Identifier: Apache-2.0

package durable

import (
	"errors"
	"strings"
	"syscall"
)

// lockHeld is Pebble's error for a database already open in this process.
const lockHeld = "lock held by current process"

// Locked reports that Open failed because the database is open already, in this
// process or in another process. On Linux a held lock gives EAGAIN.
func Locked(err error) bool {
	return err != nil && (errors.Is(err, syscall.EAGAIN) || strings.Contains(err.Error(), lockHeld))
}
