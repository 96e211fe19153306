// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"errors"
	"time"
)

// ErrDamaged: the database of identities is damaged on disk, and no second copy
// can restore the rows.
var ErrDamaged = errors.New("the identities are damaged")

// Kind is the cause of an Error as far as callers act on the cause: Keystone's
// facade makes an HTTP status of each kind.
type Kind int

// The kinds of errors.
const (
	KindInternal     Kind = iota // the store failed
	KindInvalid                  // the values cannot be stored
	KindUnauthorized             // login or token refused
	KindForbidden                // refused in the present state
	KindNotFound
	KindConflict    // the name or id is taken
	KindBusy        // too much waits already; later it may succeed
	KindThrottled   // too many failed logins; after RetryAfter it may succeed
	KindNoSpace     // the disk is full, or its reserve would be touched
	KindUnavailable // the store takes no changes now, or until the next start
)

// Error is the error of Service's methods. Exceptions are a context's error,
// auth.ErrInvalidToken of Validate, and the errors of Open, Close and
// RotateKeys.
type Error struct {
	Kind   Kind
	Op     string // "create", "authenticate"…
	Entity string // "user", "project"…
	Name   string // the id or name asked for
	Detail string // for the caller to show; never a secret
	// Tell allows the caller to show Detail for KindUnauthorized too. Clients
	// hear no reason of other refused logins: a reason would help guessers.
	Tell bool
	// RetryAfter is how long to wait after an error of KindThrottled.
	RetryAfter time.Duration
	Err        error
}

// Error returns "identity: OP ENTITY NAME: DETAIL: CAUSE" without the empty
// parts.
func (e *Error) Error() string {
	s := "identity: " + e.Op
	if e.Entity != "" {
		s += " " + e.Entity
	}
	if e.Name != "" {
		s += " " + e.Name
	}
	if e.Detail != "" {
		s += ": " + e.Detail
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause, or nil.
func (e *Error) Unwrap() error { return e.Err }

// KindOf returns the kind of the Error in err's chain. Every other error is of
// KindInternal.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return KindInternal
}

// notFound returns an error of KindNotFound for the row of an entity.
func notFound(entity, name string) error {
	return &Error{Kind: KindNotFound, Op: "find", Entity: entity, Name: name}
}

// unauthorized returns a refusal of a login or token. why is for the log:
// clients do not see the text, because Tell is not set.
func unauthorized(why string) error {
	return &Error{Kind: KindUnauthorized, Op: "authenticate", Detail: why}
}

// throttled returns the refusal of a login within a delay.
func throttled(wait time.Duration) error {
	return &Error{Kind: KindThrottled, Op: "authenticate", RetryAfter: wait,
		Detail: "Too many logins have failed. Please try again later."}
}

// invalid returns an error of KindInvalid. why is shown to clients.
func invalid(entity, why string) error {
	return &Error{Kind: KindInvalid, Op: "store", Entity: entity, Detail: why}
}
