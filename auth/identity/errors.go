package identity

import "errors"

// ErrDamaged: the database of identities is not as it was written, and there is
// no second copy to make it anew.
var ErrDamaged = errors.New("the identities are damaged")

// Kind says what went wrong, as far as a caller can act on it.
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
	KindNoSpace     // the disk is full, or its reserve would be touched
	KindUnavailable // the store takes no changes now, or until the next start
)

// Error is every error of this package but those of the context.
type Error struct {
	Kind   Kind
	Op     string // "create", "authenticate"…
	Entity string // "user", "project"…
	Name   string // the id or name asked for
	Detail string // for the caller to show; never a secret
	// Tell lets the caller show Detail for KindUnauthorized too, of which
	// clients otherwise do not hear why.
	Tell bool
	Err  error
}

// Error says what failed, on what, and why.
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

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// KindOf is the kind of err, KindInternal for an error of another package.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return KindInternal
}

func notFound(entity, name string) error {
	return &Error{Kind: KindNotFound, Op: "find", Entity: entity, Name: name}
}

func unauthorized(why string) error {
	return &Error{Kind: KindUnauthorized, Op: "authenticate", Detail: why}
}

func invalid(entity, why string) error {
	return &Error{Kind: KindInvalid, Op: "store", Entity: entity, Detail: why}
}
