// SPDX-License-Identifier: Apache-2.0

package datafile

import (
	"errors"
	"strconv"

	"needletail/objstore"
)

// ErrCorrupt: stored bytes do not match their checksum, or are missing. Every
// *CorruptError matches ErrCorrupt and objstore.KindCorrupt.
var ErrCorrupt = errors.New("data file is corrupt")

var (
	// ErrTooLarge: the body is longer than SizeMaxBytes, or the names and
	// metadata are longer than a footer takes.
	ErrTooLarge = errors.New("too large for a data file")
	// ErrDone: the Writer was finished or aborted, or its digests were taken.
	ErrDone = errors.New("data file takes no more bytes")
)

// CorruptError names the damaged part.
type CorruptError struct {
	Block  int64 // number of the damaged block, or -1
	Reason string
}

// Error names the block, but no path.
func (e *CorruptError) Error() string {
	s := ErrCorrupt.Error() + ": " + e.Reason
	if e.Block >= 0 {
		s += ": block " + strconv.FormatInt(e.Block, 10)
	}
	return s
}

// Is matches ErrCorrupt and objstore.KindCorrupt.
func (e *CorruptError) Is(target error) bool {
	return target == ErrCorrupt || target == objstore.KindCorrupt
}

func corrupt(reason string) error { return &CorruptError{Block: -1, Reason: reason} }

// ReadError is an error of the reader that supplied the body. The device is not
// at fault.
type ReadError struct{ Err error }

func (e *ReadError) Error() string { return "read body: " + e.Err.Error() }

// Unwrap gives the reader's error.
func (e *ReadError) Unwrap() error { return e.Err }
