// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"errors"
	"strings"
	"unicode/utf8"

	"needletail/objstore"
)

var (
	errEmptyName = errors.New("a name is empty")
	errNUL       = errors.New("a name holds NUL elsewhere than Swift's reserved names do")
	errSlash     = errors.New("a name of an account or a container holds '/'")
	errNotUTF8   = errors.New("the cluster takes names in UTF-8 only")
)

// reserved is the first byte of names that Swift keeps for features
// (swift/common/constraints.py: RESERVED). The byte divides the parts of such a
// name too.
const reserved = "\x00"

// isReserved reports whether a name is one of Swift's features.
func isReserved(name string) bool { return strings.HasPrefix(name, reserved) }

// checkName refuses names that the servers refuse or would take for other names
// (swift/common/utils: split_path; swift/common/constraints.py: check_utf8).
// The hidden accounts of an embedded store begin with 0xFF and are refused with
// the rest of what is no UTF-8.
func checkName(part int, name string) error {
	switch {
	case name == "":
		return errEmptyName
	case part < partObject && strings.Contains(name, "/"):
		return errSlash
	case strings.Contains(name, reserved) && (part == partAccount || !isReserved(name) || len(name) == 1):
		return errNUL
	case !utf8.ValidString(name):
		return errNotUTF8
	}
	return nil
}

// The parts of a path.
const (
	partAccount = iota
	partContainer
	partObject
)

// call is a running operation, for its errors.
type call struct{ op, name string }

func (c call) fail(k objstore.Kind, cause error) error {
	return &objstore.Error{Kind: k, Op: c.op, Name: c.name, Err: cause}
}
