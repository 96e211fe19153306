// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"strings"

	"needletail/proxy/pyjson"
)

// maxReprBytes bounds how much of a client's value an error message repeats.
const maxReprBytes = 300

// Repr returns a decoded JSON value as Python's repr shows the value, near
// enough for an error message. The result is cut as Cut cuts.
func Repr(v any) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case bool:
		if v {
			return "True"
		}
		return "False"
	case string:
		return "'" + Cut(v) + "'"
	}
	return Cut(string(pyjson.Marshal(v)))
}

// ReprList returns a list of strings as Python shows the list. With none, the
// list begins with None.
func ReprList(list []string, none bool) string {
	s := "['" + strings.Join(list, "', '") + "']"
	if none {
		return "[None, " + s[1:]
	}
	return s
}

// Cut returns s. A text longer than maxReprBytes is shortened and ends in "...",
// and no character is split.
func Cut(s string) string {
	if len(s) > maxReprBytes {
		return strings.ToValidUTF8(s[:maxReprBytes], "") + "..."
	}
	return s
}
