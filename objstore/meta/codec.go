// SPDX-License-Identifier: Apache-2.0

package meta

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"needletail/objstore"
	"needletail/objstore/twin"
)

// ErrCorrupt marks a malformed key or row.
var ErrCorrupt = errors.New("index is corrupt")

// ErrVersion marks a row or a schema of an unknown version.
var ErrVersion = errors.New("index has an unknown version")

func appendString[S ~string | ~[]byte](dst []byte, s S) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(s)))
	return append(dst, s...)
}

func appendFields(dst []byte, m objstore.Metadata) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(m)))
	for _, f := range m {
		dst = appendString(appendString(dst, f.Name), f.Value)
	}
	return dst
}

// IsCorrupt reports that err comes from damage of the index: of a row, of the notes
// about the copies, or of Pebble's files.
func IsCorrupt(err error) bool {
	return errors.Is(err, ErrCorrupt) || errors.Is(err, twin.ErrCorrupt) || pebble.IsCorruptionError(err)
}

// decoder reads a row front to back. The first failure sticks, and every later read
// returns a zero value.
type decoder struct {
	rest []byte
	err  error
}

func (d *decoder) fail(what string) {
	if d.err == nil {
		d.err = fmt.Errorf("%w: row: %s", ErrCorrupt, what)
	}
	d.rest = nil
}

// version reads the version byte of a row.
func (d *decoder) version(want byte) {
	b := d.bytes(1)
	if d.err == nil && b[0] != want {
		d.err = fmt.Errorf("%w: row version %d, not %d", ErrVersion, b[0], want)
		d.rest = nil
	}
}

func (d *decoder) bytes(n uint64) []byte {
	if n > uint64(len(d.rest)) {
		d.fail("cut short")
		return nil
	}
	b := d.rest[:n]
	d.rest = d.rest[n:]
	return b
}

func (d *decoder) byte() byte {
	b := d.bytes(1)
	if b == nil {
		return 0
	}
	return b[0]
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.rest)
	if n <= 0 {
		d.fail("bad number")
		return 0
	}
	d.rest = d.rest[n:]
	return v
}

func (d *decoder) varint() int64 {
	v, n := binary.Varint(d.rest)
	if n <= 0 {
		d.fail("bad number")
		return 0
	}
	d.rest = d.rest[n:]
	return v
}

func (d *decoder) policy() objstore.PolicyIndex {
	v := d.uvarint()
	if v > 0xffff {
		d.fail("bad policy")
	}
	return objstore.PolicyIndex(v)
}

// raw reads a counted byte string without copying it.
func (d *decoder) raw() []byte { return d.bytes(d.uvarint()) }

func (d *decoder) string() string { return string(d.raw()) }

func (d *decoder) fields() objstore.Metadata {
	n := d.uvarint()
	if n == 0 {
		return nil
	}
	if n > uint64(len(d.rest))/2 { // a field is two bytes at least
		d.fail("too many fields")
		return nil
	}
	m := make(objstore.Metadata, n)
	for i := range m {
		m[i] = objstore.Field{Name: d.string(), Value: d.string()}
	}
	if d.err != nil {
		return nil
	}
	return m
}

// end checks that nothing is left over.
func (d *decoder) end() error {
	if d.err == nil && len(d.rest) > 0 {
		d.fail("bytes left over")
	}
	return d.err
}
