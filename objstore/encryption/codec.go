// SPDX-License-Identifier: Apache-2.0

package encryption

import (
	"encoding/binary"

	"needletail/objstore"
)

// The plaintexts of envelopes. A string is counted by a uvarint, fields by
// their number.
//
//	body:    key 32 | IV 16 | MD5, hex | SHA-512, hex, or "" | sysmeta fields
//	         | overridden ETag, or "" | extra fields of the listing
//	meta:    fields
//	listing: ETag | extra fields

// secretBody is the plaintext of a body envelope.
type secretBody struct {
	key     [keyBytes]byte
	iv      [ivBytes]byte
	etag    string
	sha512  string
	sysmeta objstore.Metadata
	listed  listedEntry // what the caller overrode
}

// listedEntry is the plaintext of a listing envelope.
type listedEntry struct {
	etag  string
	extra objstore.Metadata
}

func appendString(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

func appendFields(dst []byte, m objstore.Metadata) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(m)))
	for _, f := range m {
		dst = appendString(appendString(dst, f.Name), f.Value)
	}
	return dst
}

func (l *listedEntry) append(dst []byte) []byte {
	return appendFields(appendString(dst, l.etag), l.extra)
}

func (b *secretBody) append(dst []byte) []byte {
	dst = append(append(dst, b.key[:]...), b.iv[:]...)
	dst = appendFields(appendString(appendString(dst, b.etag), b.sha512), b.sysmeta)
	return b.listed.append(dst)
}

// decoder reads a plaintext. After the first error decoder gives zero values.
type decoder struct {
	rest []byte
	bad  bool
}

func (d *decoder) bytes(n uint64) []byte {
	if d.bad || n > uint64(len(d.rest)) {
		d.bad, d.rest = true, nil
		return nil
	}
	b := d.rest[:n]
	d.rest = d.rest[n:]
	return b
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.rest)
	if n <= 0 {
		d.bad, d.rest = true, nil
		return 0
	}
	d.rest = d.rest[n:]
	return v
}

func (d *decoder) string() string { return string(d.bytes(d.uvarint())) }

func (d *decoder) fields() (m objstore.Metadata) {
	n := d.uvarint()
	if n > uint64(len(d.rest)) { // a field has two bytes at least
		d.bad = true
		return nil
	}
	for range n {
		f := objstore.Field{Name: d.string(), Value: d.string()}
		if d.bad {
			return nil
		}
		m = append(m, f)
	}
	return m
}

func (d *decoder) listed() listedEntry { return listedEntry{d.string(), d.fields()} }

// end is nil if all was read and nothing was wrong.
func (d *decoder) end() error {
	if d.bad || len(d.rest) > 0 {
		return ErrEnvelope
	}
	return nil
}

func parseBody(plain []byte) (b secretBody, err error) {
	d := decoder{rest: plain}
	copy(b.key[:], d.bytes(keyBytes))
	copy(b.iv[:], d.bytes(ivBytes))
	b.etag, b.sha512, b.sysmeta, b.listed = d.string(), d.string(), d.fields(), d.listed()
	return b, d.end()
}
