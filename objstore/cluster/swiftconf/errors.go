// SPDX-License-Identifier: Apache-2.0

package swiftconf

import (
	"errors"
	"fmt"
)

// Kinds of errors, to be matched with errors.Is.
var (
	// ErrSyntax: swift.conf cannot be read.
	ErrSyntax = errors.New("swift.conf is malformed")
	// ErrHash: swift.conf has no hash secrets.
	ErrHash = errors.New("swift.conf has no hash secrets")
	// ErrPolicy: a storage policy contradicts itself, or another policy.
	ErrPolicy = errors.New("storage policy")
	// ErrConstraint: a constraint has a value that makes no sense.
	ErrConstraint = errors.New("constraint")
	// ErrRing: a ring is missing, broken, or does not fit its policy.
	ErrRing = errors.New("ring")
	// ErrOption: an option of a proxy has a value that makes no sense.
	ErrOption = errors.New("option")
)

// fail makes an error of a kind with a message.
func fail(kind error, format string, args ...any) error {
	return fmt.Errorf("%w: %s", kind, fmt.Sprintf(format, args...))
}

// Limits of what is read.
const (
	// maxConfBytes bounds swift.conf.
	maxConfBytes = 1 << 20
	// maxValueBytes bounds a value after "%(name)s" was put in.
	maxValueBytes = 64 << 10
	// maxValueDepth is how deep "%(name)s" may nest (Python's
	// MAX_INTERPOLATION_DEPTH).
	maxValueDepth = 10
	// maxPolicies bounds the policies, and with them the rings in memory.
	maxPolicies = 256
	// maxFragments bounds k+m (liberasurecode's EC_MAX_FRAGMENTS).
	maxFragments = 32
	// maxDuplication bounds ec_duplication_factor.
	maxDuplication = 16
	// maxSegmentBytes bounds ec_object_segment_size: a request holds a segment
	// and its fragments in memory.
	maxSegmentBytes = 64 << 20
	// maxAffinities bounds the pieces of an affinity.
	maxAffinities = 1024
)
