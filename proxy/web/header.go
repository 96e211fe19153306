// SPDX-License-Identifier: Apache-2.0

package web

import (
	"slices"
	"strings"
)

// HeaderField is a header line.
type HeaderField struct{ Name, Value string }

// Header is a list of header lines in their order. Names compare without regard
// to the case of letters. The zero value is empty.
type Header []HeaderField

// Get returns the first value of name, or "".
func (h Header) Get(name string) string {
	v, _ := h.Lookup(name)
	return v
}

// Lookup returns the first value of name. The result is false if no line has
// the name.
func (h Header) Lookup(name string) (string, bool) {
	for i := range h {
		if sameName(h[i].Name, name) {
			return h[i].Value, true
		}
	}
	return "", false
}

// sameName reports whether two names are equal but for case. Requests look up
// dozens of lines, so the cheap tests come first: most different names differ
// in length, and most equal names have equal case.
func sameName(a, b string) bool {
	return len(a) == len(b) && (a == b || strings.EqualFold(a, b))
}

// Has reports whether a line has the name, even a line with an empty value.
func (h Header) Has(name string) bool {
	_, ok := h.Lookup(name)
	return ok
}

// Add appends a line.
func (h *Header) Add(name, value string) { *h = append(*h, HeaderField{name, value}) }

// Set puts a line in the place of the first line of name and removes the rest.
// Without a line of name, Set appends a line.
func (h *Header) Set(name, value string) {
	for i := range *h {
		if sameName((*h)[i].Name, name) {
			(*h)[i] = HeaderField{name, value}
			h.delFrom(i+1, name)
			return
		}
	}
	h.Add(name, value)
}

// Del removes all lines of name.
func (h *Header) Del(name string) { h.delFrom(0, name) }

func (h *Header) delFrom(from int, name string) {
	kept := (*h)[:from]
	for _, f := range (*h)[from:] {
		if !sameName(f.Name, name) {
			kept = append(kept, f)
		}
	}
	*h = kept
}

// DelFunc removes every line whose name drop accepts.
func (h *Header) DelFunc(drop func(name string) bool) {
	first := slices.IndexFunc(*h, func(f HeaderField) bool { return drop(f.Name) })
	if first < 0 {
		return
	}
	kept := (*h)[:first]
	for _, f := range (*h)[first+1:] {
		if !drop(f.Name) {
			kept = append(kept, f)
		}
	}
	*h = kept
}

// Clone returns a copy. The copy and h share no memory.
func (h Header) Clone() Header { return append(Header(nil), h...) }

// CutPrefix is strings.CutPrefix without regard to case.
func CutPrefix(name, prefix string) (rest string, ok bool) {
	if len(name) < len(prefix) || !strings.EqualFold(name[:len(prefix)], prefix) {
		return name, false
	}
	return name[len(prefix):], true
}

// TitleName returns a header name in the form that Swift stores and shows: '_'
// becomes '-'; a letter that does not follow a letter is upper case; all
// remaining letters are lower case (Python's bytes.title).
func TitleName(name string) string {
	b := []byte(name)
	inWord := false
	for i, c := range b {
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		switch {
		case c == '_':
			b[i] = '-'
		case letter && inWord:
			b[i] = c | 0x20
		case letter:
			b[i] = c &^ 0x20
		}
		inWord = letter
	}
	return string(b)
}
