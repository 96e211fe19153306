// SPDX-License-Identifier: Apache-2.0

package fragment

import (
	"errors"
	"fmt"
)

// Kinds of errors, to be matched with errors.Is.
var (
	// ErrType: no Codec computes the ec_type.
	ErrType = errors.New("erasure coding of an unknown type")
	// ErrShape: the numbers of data and parity fragments are impossible.
	ErrShape = errors.New("impossible numbers of fragments")
	// ErrForeign: a sound header, but of another code or of another byte order.
	ErrForeign = errors.New("a fragment of another code")
	// ErrLength: the length of a fragment is not the length in its header.
	ErrLength = errors.New("a fragment of a wrong length")
	// ErrChecksum: the payload does not match the checksum in the header.
	ErrChecksum = errors.New("a damaged payload")
	// ErrMixed: fragments of different segments were given together.
	ErrMixed = errors.New("fragments of different segments")
	// ErrTooFew: the fragments do not determine the segment.
	ErrTooFew = errors.New("too few fragments")
)

// RefusedError tells which fragment was refused. The fragments without the
// refused fragment may do.
type RefusedError struct {
	Position int // in the list that the caller gave
	Err      error
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("fragment at position %d: %v", e.Position, e.Err)
}

// Unwrap gives the cause.
func (e *RefusedError) Unwrap() error { return e.Err }
