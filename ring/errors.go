// SPDX-License-Identifier: Apache-2.0

package ring

import (
	"errors"
	"fmt"
)

// Kinds of errors, to be matched with errors.Is.
var (
	// ErrFormat: the bytes are not a ring, or the ring contradicts itself.
	ErrFormat = errors.New("not a valid ring")
	// ErrVersion: the format of a ring file cannot be read, or cannot be
	// written.
	ErrVersion = errors.New("unsupported ring format")
	// ErrLimit: something is bigger than this package accepts.
	ErrLimit = errors.New("over the limit of a ring")
	// ErrDevices: too few devices for the replicas asked for.
	ErrDevices = errors.New("too few devices")
	// ErrNoDevice: no device has the id.
	ErrNoDevice = errors.New("no such device")
	// ErrDuplicate: the device is there already.
	ErrDuplicate = errors.New("device exists")
	// ErrArgument: a value makes no sense.
	ErrArgument = errors.New("invalid value")
)

// Error tells the operation, the file and the cause of a failure.
type Error struct {
	Op   string // "load", "write"
	Path string
	Err  error
}

func (e *Error) Error() string { return fmt.Sprintf("ring: %s %s: %v", e.Op, e.Path, e.Err) }

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// fail makes an error of a kind with a message.
func fail(kind error, format string, args ...any) error {
	return fmt.Errorf("%w: %s", kind, fmt.Sprintf(format, args...))
}
