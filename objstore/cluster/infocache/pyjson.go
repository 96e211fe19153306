// SPDX-License-Identifier: Apache-2.0

package infocache

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Values are JSON as Python's json.dumps writes it: ASCII alone, ", " and ": "
// between items. A byte of a header that is not UTF-8 is "\udcXX" there
// (Python's surrogateescape), which encoding/json would lose.

const hexDigits = "0123456789abcdef"

// appendString appends s in quotes.
func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			dst = appendUnit(dst, 0xdc00+uint16(s[i]))
		case r >= 0x10000:
			high, low := utf16.EncodeRune(r)
			dst = appendUnit(appendUnit(dst, uint16(high)), uint16(low))
		case r >= utf8.RuneSelf:
			dst = appendUnit(dst, uint16(r))
		default:
			dst = appendASCII(dst, byte(r))
		}
		i += size
	}
	return append(dst, '"')
}

// appendASCII appends a character, escaped where json.dumps escapes: DEL is
// not.
func appendASCII(dst []byte, c byte) []byte {
	if at := strings.IndexByte("\"\\\n\r\t\b\f", c); at >= 0 {
		return append(dst, '\\', `"\nrtbf`[at])
	}
	if c < 0x20 {
		return appendUnit(dst, uint16(c))
	}
	return append(dst, c)
}

// appendUnit appends a UTF-16 unit as \uXXXX.
func appendUnit(dst []byte, u uint16) []byte {
	return append(dst, '\\', 'u', hexDigits[u>>12], hexDigits[u>>8&15], hexDigits[u>>4&15], hexDigits[u&15])
}

// appendOptional appends null for an empty string.
func appendOptional(dst []byte, s string) []byte {
	if s == "" {
		return append(dst, "null"...)
	}
	return appendString(dst, s)
}

// appendCount appends a counter as Swift caches it: the text of the header, or
// null without the header.
func appendCount(dst []byte, n int64, known bool) []byte {
	if !known {
		return append(dst, "null"...)
	}
	dst = strconv.AppendInt(append(dst, '"'), n, 10)
	return append(dst, '"')
}

// appendTexts appends an object of strings, sorted by key.
func appendTexts(dst []byte, m map[string]string) []byte {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	dst = append(dst, '{')
	for i, k := range keys {
		if i > 0 {
			dst = append(dst, ", "...)
		}
		dst = append(appendString(dst, k), ": "...)
		dst = appendString(dst, m[k])
	}
	return append(dst, '}')
}

// text is a string or null of a value.
type text string

// UnmarshalJSON takes a string or null.
func (t *text) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*t = ""
		return nil
	}
	s, err := unquote(b)
	*t = text(s)
	return err
}

// errNotText: a JSON value is no string.
var errNotText = errors.New("a cached value is no string")

// unquote reads a valid JSON string.
func unquote(literal []byte) (string, error) {
	if len(literal) < 2 || literal[0] != '"' {
		return "", fmt.Errorf("%w: %.20q", errNotText, literal)
	}
	inner := literal[1 : len(literal)-1]
	if bytes.IndexByte(inner, '\\') < 0 {
		return string(inner), nil
	}
	var out []byte
	for len(inner) > 0 {
		at := bytes.IndexByte(inner, '\\')
		if at < 0 {
			return string(append(out, inner...)), nil
		}
		out = append(out, inner[:at]...)
		var size int
		out, size = appendEscaped(out, inner[at:])
		inner = inner[at+size:]
	}
	return string(out), nil
}

// appendEscaped appends the character of the escape at the start of b, which is
// valid, and returns the length of the escape.
func appendEscaped(out, b []byte) ([]byte, int) {
	if b[1] != 'u' {
		if at := strings.IndexByte("nrtbf", b[1]); at >= 0 {
			return append(out, "\n\r\t\b\f"[at]), 2
		}
		return append(out, b[1]), 2 // a quote or a slash
	}
	unit := unitOf(b)
	switch {
	case !utf16.IsSurrogate(unit):
		return utf8.AppendRune(out, unit), 6
	case len(b) >= 12 && b[6] == '\\' && b[7] == 'u':
		if r := utf16.DecodeRune(unit, unitOf(b[6:])); r != utf8.RuneError {
			return utf8.AppendRune(out, r), 12
		}
	}
	if unit >= 0xdc80 && unit <= 0xdcff {
		return append(out, byte(unit)), 6
	}
	return utf8.AppendRune(out, utf8.RuneError), 6
}

// unitOf returns the unit of \uXXXX.
func unitOf(b []byte) rune {
	u, _ := strconv.ParseUint(string(b[2:6]), 16, 16)
	return rune(u)
}

// texts is an object of strings.
type texts map[string]string

// UnmarshalJSON takes an object of strings and nulls, or null.
func (t *texts) UnmarshalJSON(b []byte) error {
	*t = nil
	if string(b) == "null" {
		return nil
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	if start, err := dec.Token(); err != nil || start != json.Delim('{') {
		return fmt.Errorf("%w: an object of strings is missing", errNotText)
	}
	m := texts{}
	for dec.More() {
		from := dec.InputOffset()
		if _, err := dec.Token(); err != nil {
			return err
		}
		key := b[from:dec.InputOffset()]
		name, err := unquote(key[bytes.IndexByte(key, '"'):])
		if err != nil {
			return err
		}
		var v text
		if err := dec.Decode(&v); err != nil {
			return err
		}
		m[name] = string(v)
	}
	*t = m
	return nil
}

// count is a counter: a string of digits, a number, or null.
type count int64

// UnmarshalJSON takes a string, a number or null.
func (c *count) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*c = 0
		return nil
	}
	n, err := strconv.ParseInt(string(bytes.Trim(b, `"`)), 10, 64)
	*c = count(n)
	return err
}
