// SPDX-License-Identifier: Apache-2.0

package signing

import "strings"

// Form has the signed fields of a form, as the form has the fields; "" for a
// missing field (swift/common/middleware/formpost.py).
type Form struct {
	Path         string // of the request, without encoding, from /v1/ on
	Redirect     string
	MaxFileSize  string
	MaxFileCount string
	Expires      string
}

// Message returns the fields as lines; a missing number is "0".
//
// A field with a newline could pass for two fields. So callers accept nothing
// but numbers for MaxFileSize, MaxFileCount and Expires, and no control
// character in Redirect.
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
