// SPDX-License-Identifier: Apache-2.0

package imageformat

import "errors"

// ErrUnsafe says that the data leads a reader to files of the reader's host, or
// that the data cannot be judged.
var ErrUnsafe = errors.New("image failed safety checks")

// UnsafeError is ErrUnsafe with a reason. The reason is for the log: a client
// learns only ErrUnsafe.
type UnsafeError struct{ Format, Reason string }

func (e *UnsafeError) Error() string { return e.Format + ": " + e.Reason }

func (e *UnsafeError) Unwrap() error { return ErrUnsafe }

// MismatchError says that the data has another format than the declared format.
type MismatchError struct{ Declared, Found string }

func (e *MismatchError) Error() string {
	return "Image disk_format " + e.Declared + " does not match stream data " + e.Found
}
