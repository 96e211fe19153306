// SPDX-License-Identifier: Apache-2.0

// Package pyjson writes JSON byte for byte as Python's json.dumps does: ", "
// and ": " between items, keys in the given order, non-ASCII characters
// escaped. Keystone, Glance and Swift's listings have this form, and recorded
// Content-Lengths can be compared only if our answers have this form too.
package pyjson

import (
	"fmt"
	"strconv"
	"unicode/utf8"
)

// Member is a key and a value of an Object.
type Member struct {
	Key   string
	Value any
}

// Object is a JSON object that keeps its order.
type Object []Member

// Get returns the value under key, or nil.
func (o Object) Get(key string) any {
	for _, m := range o {
		if m.Key == key {
			return m.Value
		}
	}
	return nil
}

// Set replaces the value under key, or adds it at the end.
func (o *Object) Set(key string, value any) {
	for i := range *o {
		if (*o)[i].Key == key {
			(*o)[i].Value = value
			return
		}
	}
	*o = append(*o, Member{key, value})
}

// Array is a JSON array.
type Array []any

// Marshal encodes v: nil, bool, int, int64, float64, string, *string, []string,
// Array, []Object or Object, nested at will. Any further type is a bug of ours
// and panics.
func Marshal(v any) []byte { return Append(nil, v) }

// Append appends the encoding of v to dst.
func Append(dst []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(dst, "null"...)
	case bool:
		return strconv.AppendBool(dst, v)
	case int:
		return strconv.AppendInt(dst, int64(v), 10)
	case int64:
		return strconv.AppendInt(dst, v, 10)
	case float64:
		return appendFloat(dst, v)
	case string:
		return AppendString(dst, v)
	case *string:
		if v == nil {
			return append(dst, "null"...)
		}
		return AppendString(dst, *v)
	case []string:
		return appendList(dst, v)
	case Array:
		return appendList(dst, v)
	case []Object:
		return appendList(dst, v)
	case Object:
		return appendObject(dst, v)
	}
	panic(fmt.Sprintf("pyjson: cannot encode %T", v))
}

// appendFloat writes a number with a fraction or an exponent, as Python's repr
// of a float does.
func appendFloat(dst []byte, f float64) []byte {
	start := len(dst)
	dst = strconv.AppendFloat(dst, f, 'g', -1, 64)
	for _, c := range dst[start:] {
		if c == '.' || c == 'e' {
			return dst
		}
	}
	return append(dst, ".0"...)
}

func appendList[T any](dst []byte, list []T) []byte {
	dst = append(dst, '[')
	for i, e := range list {
		if i > 0 {
			dst = append(dst, ", "...)
		}
		dst = Append(dst, e)
	}
	return append(dst, ']')
}

func appendObject(dst []byte, o Object) []byte {
	dst = append(dst, '{')
	for i, m := range o {
		if i > 0 {
			dst = append(dst, ", "...)
		}
		dst = AppendString(dst, m.Key)
		dst = append(dst, ": "...)
		dst = Append(dst, m.Value)
	}
	return append(dst, '}')
}

const hexDigits = "0123456789abcdef"

// AppendString appends s in quotes, with every character outside ASCII and
// every control character but DEL escaped. A byte that is not UTF-8 becomes
// \udcXX, as Python's surrogateescape would show it.
func AppendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			dst = appendASCII(dst, c)
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 {
			r = 0xdc00 + rune(c)
		}
		dst = appendRune(dst, r)
		i += size
	}
	return append(dst, '"')
}

// appendASCII writes an ASCII character of a string, escaped where JSON or
// json.dumps escapes.
func appendASCII(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, `\n`...)
	case '\r':
		return append(dst, `\r`...)
	case '\t':
		return append(dst, `\t`...)
	case '\b':
		return append(dst, `\b`...)
	case '\f':
		return append(dst, `\f`...)
	}
	if c < 0x20 || c == 0x7f {
		return appendUnit(dst, uint16(c)) // JSON allows DEL, json.dumps escapes DEL
	}
	return append(dst, c)
}

// appendRune writes a character above ASCII as \u escapes: a single escape, or
// a surrogate pair.
func appendRune(dst []byte, r rune) []byte {
	if r < 0x10000 {
		return appendUnit(dst, uint16(r))
	}
	r -= 0x10000
	return appendUnit(appendUnit(dst, 0xd800+uint16(r>>10)), 0xdc00+uint16(r&0x3ff))
}

// appendUnit writes a UTF-16 unit as \uXXXX.
func appendUnit(dst []byte, u uint16) []byte {
	return append(dst, '\\', 'u', hexDigits[u>>12], hexDigits[u>>8&15], hexDigits[u>>4&15], hexDigits[u&15])
}
