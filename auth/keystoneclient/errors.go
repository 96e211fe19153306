// SPDX-License-Identifier: Apache-2.0

package keystoneclient

import "strconv"

// The steps that can fail.
const (
	opLogin    = "log in"
	opValidate = "validate"
	opLimits   = "limits"
)

// Error says that the identity behind a token, or a limit, could not be found
// out. The text never contains a token or a password.
type Error struct {
	Op     string // opLogin, opValidate or opLimits
	Status int    // of Keystone's answer, 0 without an answer
	Err    error
}

// Error returns the step, the status and the cause.
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

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }
