// SPDX-License-Identifier: Apache-2.0

package objstore

import "errors"

// Kind says what went wrong, in terms on which a caller can act. A Kind is an
// error, so errors.Is(err, objstore.KindNotFound) matches any *Error of the
// kind. The list only grows at its end.
type Kind uint8

const (
	// KindInternal is a fault of ours or of the machine without a better name.
	KindInternal Kind = iota
	// KindNotFound: the named account, container or object is absent.
	KindNotFound
	// KindContainerNotFound: the object's container is absent.
	KindContainerNotFound
	// KindNotEmpty: a container with objects, or an account with containers,
	// cannot be deleted.
	KindNotEmpty
	// KindPrecondition: an If-None-Match or If-Delete-At did not hold.
	KindPrecondition
	// KindETagMismatch: the body's MD5 differs from the ETag of the client.
	KindETagMismatch
	// KindTooLarge: the body is longer than PutOptions.MaxBytes.
	KindTooLarge
	// KindShortBody: the body ended before its stated length.
	KindShortBody
	// KindBody: reading the body failed; the cause is the reader's error.
	KindBody
	// KindNoSpace: no device has room.
	KindNoSpace
	// KindCorrupt: stored bytes do not match their checksum.
	KindCorrupt
	// KindConflict: the stored state is newer than the write, or the policy
	// differs from the container's.
	KindConflict
	// KindInvalid: an argument is outside its limits.
	KindInvalid
	// KindUnavailable: a device or the index refuses work for now.
	KindUnavailable
	// KindClosed: the store is closed.
	KindClosed
)

// ErrBusy is the cause of a KindUnavailable that passes soon: too much is under way
// at once.
var ErrBusy = errors.New("too much is under way")

var kindText = [...]string{
	KindInternal:          "internal error",
	KindNotFound:          "not found",
	KindContainerNotFound: "container not found",
	KindNotEmpty:          "not empty",
	KindPrecondition:      "precondition failed",
	KindETagMismatch:      "etag mismatch",
	KindTooLarge:          "body too large",
	KindShortBody:         "body too short",
	KindBody:              "body unreadable",
	KindNoSpace:           "no space left",
	KindCorrupt:           "corrupt data",
	KindConflict:          "conflict",
	KindInvalid:           "invalid argument",
	KindUnavailable:       "unavailable",
	KindClosed:            "store closed",
}

// Error is the kind's text.
func (k Kind) Error() string {
	if int(k) < len(kindText) {
		return kindText[k]
	}
	return "unknown error kind"
}

// Error is the failure of a Store method.
type Error struct {
	Kind Kind
	Op   string // the Store method, lower case: "put object"
	Name string // "/account/container/object", as far as it goes
	Err  error  // the cause, or nil
	Text string // for the client, or "" for the text of the kind
}

// Error is "op name: kind: cause".
func (e *Error) Error() string {
	s := e.Op + " " + e.Name + ": " + e.Kind.Error()
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is matches a Kind.
func (e *Error) Is(target error) bool {
	k, ok := target.(Kind)
	return ok && k == e.Kind
}

// KindOf is the kind of the first *Error in err's chain, else KindInternal.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return KindInternal
}
