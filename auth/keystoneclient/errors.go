package keystoneclient

import "strconv"

// The steps that can fail.
const (
	opLogin    = "log in"
	opValidate = "validate"
	opLimits   = "limits"
)

// Error says that it could not be found out whose a token or how high a limit
// is. It never holds a
// token or password.
type Error struct {
	Op     string // opLogin, opValidate or opLimits
	Status int    // Keystone's answer, 0 for none
	Err    error
}

// Error names the step, the status and the cause.
func (e *Error) Error() string {
	s := "keystone: " + e.Op
	if e.Status != 0 {
		s += ": status " + strconv.Itoa(e.Status)
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }
