// SPDX-License-Identifier: Apache-2.0

package token

import (
	"encoding/binary"
	"math"
)

// The part of msgpack that token payloads use. Strings are written as str and
// bytes as bin. A reader accepts str and bin for each, since writers before
// msgpack 1.0 had only raw strings.
const (
	mpFixArray = 0x90 // 1001nnnn
	mpFixStr   = 0xa0 // 101nnnnn
	mpFalse    = 0xc2
	mpTrue     = 0xc3
	mpBin8     = 0xc4
	mpFloat64  = 0xcb
	mpUint8    = 0xcc
	mpUint16   = 0xcd
	mpStr8     = 0xd9
	mpStr16    = 0xda
	// maxString bounds one string of a payload.
	maxString = 255
)

func appendArray(dst []byte, n int) []byte { return append(dst, mpFixArray|byte(n)) }

func appendBool(dst []byte, b bool) []byte {
	if b {
		return append(dst, mpTrue)
	}
	return append(dst, mpFalse)
}

func appendUint(dst []byte, n uint16) []byte {
	switch {
	case n < 0x80:
		return append(dst, byte(n))
	case n < 0x100:
		return append(dst, mpUint8, byte(n))
	}
	return binary.BigEndian.AppendUint16(append(dst, mpUint16), n)
}

func appendFloat(dst []byte, f float64) []byte {
	return binary.BigEndian.AppendUint64(append(dst, mpFloat64), math.Float64bits(f))
}

// appendString needs len(s) ≤ maxString.
func appendString(dst []byte, s string) []byte {
	if len(s) < 32 {
		return append(append(dst, mpFixStr|byte(len(s))), s...)
	}
	return append(append(dst, mpStr8, byte(len(s))), s...)
}

// appendBin needs len(b) ≤ maxString.
func appendBin(dst, b []byte) []byte {
	return append(append(dst, mpBin8, byte(len(b))), b...)
}

// reader takes a payload apart. After the first unexpected value bad is set,
// and every later answer is zero.
type reader struct {
	buf []byte
	bad bool
}

// take returns the next n bytes.
func (r *reader) take(n int) []byte {
	if r.bad || n > len(r.buf) {
		r.bad = true
		return nil
	}
	b := r.buf[:n]
	r.buf = r.buf[n:]
	return b
}

func (r *reader) byte() byte {
	b := r.take(1)
	if b == nil {
		return 0
	}
	return b[0]
}

// array reads the length of a short array.
func (r *reader) array() int {
	c := r.byte()
	if c&0xf0 != mpFixArray {
		r.bad = true
		return 0
	}
	return int(c & 0x0f)
}

func (r *reader) bool() bool {
	c := r.byte()
	if c != mpTrue && c != mpFalse {
		r.bad = true
	}
	return c == mpTrue
}

func (r *reader) uint() int {
	switch c := r.byte(); {
	case c < 0x80:
		return int(c)
	case c == mpUint8:
		return int(r.byte())
	case c == mpUint16:
		if b := r.take(2); b != nil {
			return int(binary.BigEndian.Uint16(b))
		}
	}
	r.bad = true
	return 0
}

func (r *reader) float() float64 {
	if r.byte() != mpFloat64 {
		r.bad = true
	}
	b := r.take(8)
	if b == nil {
		return 0
	}
	return math.Float64frombits(binary.BigEndian.Uint64(b))
}

// bytes reads a string or binary of at most maxString bytes.
func (r *reader) bytes() []byte {
	n := 0
	switch c := r.byte(); {
	case c&0xe0 == mpFixStr:
		n = int(c & 0x1f)
	case c == mpBin8 || c == mpStr8:
		n = int(r.byte())
	case c == mpStr16:
		if b := r.take(2); b != nil {
			n = int(binary.BigEndian.Uint16(b))
		}
	default:
		r.bad = true
	}
	if n > maxString {
		r.bad = true
	}
	return r.take(n)
}
