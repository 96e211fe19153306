// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"slices"
	"strings"
)

// Field is a header field. The value is bytes without CR, LF and NUL.
type Field struct{ Name, Value string }

// Header is a list of fields. Names are compared without regard to case, and go
// out in Title-Case.
type Header []Field

// Get returns the value of the first field of a name, or "".
func (h Header) Get(name string) string {
	v, _ := h.Lookup(name)
	return v
}

// Lookup returns the value of the first field of a name, and whether there is
// such a field.
func (h Header) Lookup(name string) (string, bool) {
	for i := range h {
		if strings.EqualFold(h[i].Name, name) {
			return h[i].Value, true
		}
	}
	return "", false
}

// Set replaces all fields of a name by a single field.
func (h *Header) Set(name, value string) {
	for i := range *h {
		if strings.EqualFold((*h)[i].Name, name) {
			(*h)[i].Value = value
			rest := Header((*h)[i+1:])
			rest.Del(name)
			*h = (*h)[:i+1+len(rest)]
			return
		}
	}
	h.Add(name, value)
}

// Add appends a field.
func (h *Header) Add(name, value string) { *h = append(*h, Field{name, value}) }

// Del removes all fields of a name.
func (h *Header) Del(name string) {
	*h = slices.DeleteFunc(*h, func(f Field) bool { return strings.EqualFold(f.Name, name) })
}

// Clone copies the list.
func (h Header) Clone() Header { return slices.Clone(h) }

// appendTo appends the fields as they go on the wire.
func (h Header) appendTo(b []byte) []byte {
	for i := range h {
		b = appendField(b, h[i].Name, h[i].Value)
	}
	return b
}

func appendField(b []byte, name, value string) []byte {
	b = appendTitle(b, name)
	b = append(b, ": "...)
	b = append(b, value...)
	return append(b, "\r\n"...)
}

// appendTitle appends a name with a capital after each "-".
func appendTitle(b []byte, name string) []byte {
	start := true
	for i := range len(name) {
		c := name[i]
		switch {
		case start && 'a' <= c && c <= 'z':
			c -= 'a' - 'A'
		case !start && 'A' <= c && c <= 'Z':
			c += 'a' - 'A'
		}
		start = c == '-'
		b = append(b, c)
	}
	return b
}

// validName reports whether a name can stand in a head. Swift takes names that
// are not tokens of RFC 9110, with bytes of UTF-8 for example.
func validName(name string) bool {
	for i := range len(name) {
		if c := name[i]; c <= ' ' || c == ':' || c == 0x7f {
			return false
		}
	}
	return name != ""
}

// validValue reports whether a value stays inside its line.
func validValue(v string) bool {
	for i := range len(v) {
		if c := v[i]; c == '\r' || c == '\n' || c == 0 {
			return false
		}
	}
	return true
}
