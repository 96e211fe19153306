// SPDX-License-Identifier: Apache-2.0

package meta

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"

	"needletail/objstore"
)

// Place is the place of an object's body.
type Place uint8

const (
	PlaceInline Place = iota // in the index, under the row's ID
	PlaceFile                // in the data file of the row's ID
)

// ObjectRow holds all facts of the index about an object.
type ObjectRow struct {
	Info     objstore.ObjectInfo
	Policy   objstore.PolicyIndex
	Place    Place
	ID       FileID
	Checksum uint64 // xxh3 of an inline body; 0 for a data file
	// Placement names the devices with the data files of the row's ID.
	Placement Placement
}

// The format of an object row. The fields of a listing come first. A uvarint counts the
// bytes of a string and the fields of a list.
//
//	version 1 | flags 1 | modified varint | size uvarint | md5 16 | content type
//	| override: etag, content type, extra fields   (flagOverride)
//	| override: size varint                        (flagOverrideSize)
//	| modified-created varint | policy uvarint | id 16
//	| xxh3 8, little-endian                        (unless flagFile)
//	| delete-at varint                             (flagDeleteAt)
//	| sha512 64                                    (flagSHA512)
//	| placement                                    (flagPlacement)
//	| metadata fields
const objectRowVersion = 1

const (
	flagOverride = 1 << iota
	flagOverrideSize
	flagDeleteAt
	flagSHA512
	flagFile
	flagPlacement
	flagsKnown = 1<<iota - 1
)

const (
	md5Bytes    = 16
	sha512Bytes = 64
)

func (r *ObjectRow) flags() (f byte) {
	o := &r.Info.Listing
	if o.ETag != "" || o.ContentType != "" || len(o.Extra) > 0 {
		f |= flagOverride
	}
	if o.SizeBytes != nil {
		f |= flagOverrideSize
	}
	if r.Info.DeleteAt != 0 {
		f |= flagDeleteAt
	}
	if r.Info.SHA512 != "" {
		f |= flagSHA512
	}
	if r.Place == PlaceFile {
		f |= flagFile
	}
	if !r.Placement.IsZero() {
		f |= flagPlacement
	}
	return f
}

// AppendObjectRow encodes r. A digest of a wrong length, or not in hex, is an error.
func AppendObjectRow(dst []byte, r *ObjectRow) ([]byte, error) {
	info, flags := &r.Info, r.flags()
	if len(info.ETag) != 2*md5Bytes || info.SizeBytes < 0 || r.Place > PlaceFile {
		return nil, fmt.Errorf("object row: etag %q, size %d, place %d", info.ETag, info.SizeBytes, r.Place)
	}
	dst = append(dst, objectRowVersion, flags)
	dst = binary.AppendVarint(dst, int64(info.Modified))
	dst = binary.AppendUvarint(dst, uint64(info.SizeBytes))
	dst, err := hex.AppendDecode(dst, []byte(info.ETag))
	if err != nil {
		return nil, fmt.Errorf("object row: etag: %w", err)
	}
	dst = appendString(dst, info.ContentType)
	if flags&flagOverride != 0 {
		dst = appendString(appendString(dst, info.Listing.ETag), info.Listing.ContentType)
		dst = appendFields(dst, info.Listing.Extra)
	}
	if flags&flagOverrideSize != 0 {
		dst = binary.AppendVarint(dst, *info.Listing.SizeBytes)
	}
	dst = binary.AppendVarint(dst, int64(info.Modified-info.Created))
	dst = binary.AppendUvarint(dst, uint64(r.Policy))
	dst = append(dst, r.ID[:]...)
	if flags&flagFile == 0 {
		dst = binary.LittleEndian.AppendUint64(dst, r.Checksum)
	}
	if flags&flagDeleteAt != 0 {
		dst = binary.AppendVarint(dst, info.DeleteAt)
	}
	if flags&flagSHA512 != 0 {
		if len(info.SHA512) != 2*sha512Bytes {
			return nil, fmt.Errorf("object row: sha512 of %d characters", len(info.SHA512))
		}
		if dst, err = hex.AppendDecode(dst, []byte(info.SHA512)); err != nil {
			return nil, fmt.Errorf("object row: sha512: %w", err)
		}
	}
	if flags&flagPlacement != 0 {
		if err := r.Placement.check(r.Place); err != nil {
			return nil, err
		}
		dst = appendPlacement(dst, &r.Placement)
	}
	return appendFields(dst, info.Metadata), nil
}

// listed reads the fields of a row for a listing.
func (d *decoder) listed() (flags byte, modified objstore.Timestamp, size int64, md5, contentType []byte) {
	d.version(objectRowVersion)
	if flags = d.byte(); flags > flagsKnown {
		d.fail("unknown flags")
	}
	modified = objstore.Timestamp(d.varint())
	if size = int64(d.uvarint()); size < 0 {
		d.fail("bad size")
	}
	md5, contentType = d.bytes(md5Bytes), d.raw()
	return
}

// ParseObjectRow decodes a row of AppendObjectRow. The row shares no memory with b.
func ParseObjectRow(b []byte) (ObjectRow, error) {
	var r ObjectRow
	d := decoder{rest: b}
	info := &r.Info
	flags, modified, size, md5, contentType := d.listed()
	info.Modified, info.SizeBytes = modified, size
	info.ETag, info.ContentType = hex.EncodeToString(md5), string(contentType)
	if flags&flagOverride != 0 {
		info.Listing.ETag, info.Listing.ContentType = d.string(), d.string()
		info.Listing.Extra = d.fields()
	}
	if flags&flagOverrideSize != 0 {
		n := d.varint()
		info.Listing.SizeBytes = &n
	}
	info.Created = info.Modified - objstore.Timestamp(d.varint())
	r.Policy = d.policy()
	copy(r.ID[:], d.bytes(uint64(len(r.ID))))
	if flags&flagFile != 0 {
		r.Place = PlaceFile
	} else if sum := d.bytes(8); sum != nil {
		r.Checksum = binary.LittleEndian.Uint64(sum)
	}
	if flags&flagDeleteAt != 0 {
		info.DeleteAt = d.varint()
	}
	if flags&flagSHA512 != 0 {
		info.SHA512 = hex.EncodeToString(d.bytes(sha512Bytes))
	}
	if flags&flagPlacement != 0 {
		r.Placement = d.placement(r.Place)
	}
	info.Metadata = d.fields()
	if err := d.end(); err != nil {
		return ObjectRow{}, err
	}
	return r, nil
}

// parseEntry decodes the fields for a listing into e. Equal strings of e are kept: a
// page with a single content type allocates the content type once.
func parseEntry(b []byte, e *objstore.ObjectEntry) error {
	d := decoder{rest: b}
	flags, modified, size, md5, contentType := d.listed()
	if d.err != nil {
		return d.err
	}
	e.Modified, e.SizeBytes, e.Extra = modified, size, nil
	var digits [2 * md5Bytes]byte
	hex.Encode(digits[:], md5)
	etag := digits[:]
	if flags&flagOverride != 0 {
		if o := d.raw(); len(o) > 0 {
			etag = o
		}
		if o := d.raw(); len(o) > 0 {
			contentType = o
		}
		e.Extra = d.fields()
	}
	if flags&flagOverrideSize != 0 {
		e.SizeBytes = d.varint()
	}
	if e.ETag != string(etag) {
		e.ETag = string(etag)
	}
	if e.ContentType != string(contentType) {
		e.ContentType = string(contentType)
	}
	return d.err
}
