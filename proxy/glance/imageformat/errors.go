package imageformat

import "errors"

// ErrUnsafe: the data would lead whoever opens it to other files, or cannot be
// judged.
var ErrUnsafe = errors.New("image failed safety checks")

// UnsafeError is ErrUnsafe with its reason, which is for the log.
type UnsafeError struct{ Format, Reason string }

func (e *UnsafeError) Error() string { return e.Format + ": " + e.Reason }

func (e *UnsafeError) Unwrap() error { return ErrUnsafe }

// MismatchError: the data is not what it is declared to be.
type MismatchError struct{ Declared, Found string }

func (e *MismatchError) Error() string {
	return "Image disk_format " + e.Declared + " does not match stream data " + e.Found
}
