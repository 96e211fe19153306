package signing

import "strings"

// Form is what is signed of a form, each field as the form has it; "" for one
// that it does not have (swift/common/middleware/formpost.py).
type Form struct {
	Path         string // of the request, without encoding, from /v1/ on
	Redirect     string
	MaxFileSize  string
	MaxFileCount string
	Expires      string
}

// Message is the fields, one a line; a number that is missing is "0".
//
// A field with a newline could stand for two. So callers take numbers for
// MaxFileSize, MaxFileCount and Expires only, and no control character in
// Redirect.
func (f Form) Message() []byte {
	number := func(s string) string {
		if s == "" {
			return "0"
		}
		return s
	}
	return []byte(strings.Join([]string{
		f.Path, f.Redirect, number(f.MaxFileSize), number(f.MaxFileCount), number(f.Expires),
	}, "\n"))
}
