// SPDX-License-Identifier: Apache-2.0

package datafile

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"

	"needletail/objstore"
	"needletail/objstore/checksum"
)

// The footer:
//
//	offset  bytes  what
//	0       8      created, in units of 10 µs since 1970
//	8       8      modified, likewise
//	16      8      size of the object's body in bytes
//	24      8      delete-at, Unix seconds, or 0
//	32      4      block size in bytes
//	36      2      policy index
//	38      1      flags: 1 = SHA-512 is there, 2 = listing size is there,
//	               4 = the file holds a fragment (fragment.go)
//	39      1      zero
//	40      16     MD5 of the body, or a random number (objstore.PutOptions.AnyETag)
//	56      64     SHA-512 of the body, or zeros
//	120     8      listing's size in bytes, or 0
//	128     24     of a fragment alone: its section (fragment.go)
//	then    8 × b  xxh3-64 of each of the b = ceil(bytes / block size) blocks of
//	               what the file holds: the body, or the fragment
//	then           account, container, object, content type, listing's ETag,
//	               listing's content type: each 4 bytes of length, and bytes
//	then           metadata, then the listing's extra keys: each 4 bytes of
//	               count, and that many pairs of name and value, as above
const footerFixedBytes = 128

const (
	flagSHA512 = 1 << iota
	flagListingSize
	flagFragment
	flagsKnown = flagSHA512 | flagListingSize | flagFragment
)

// Footer describes the object of a file.
type Footer struct {
	Object objstore.ObjectID
	Policy objstore.PolicyIndex
	// Finish sets Info's SizeBytes, ETag and SHA512 from the written bytes.
	Info objstore.ObjectInfo
	// Fragment says which part of an erasure-coded body the file holds.
	// Fragment is zero in a file with a whole body.
	Fragment Fragment
}

// StoredBytes returns the number of bytes in the file, without the footer.
func (f *Footer) StoredBytes() int64 {
	if f.Fragment.Data > 0 {
		return f.Fragment.SizeBytes
	}
	return f.Info.SizeBytes
}

// texts lists the footer's strings in the order of the format.
func (f *Footer) texts() []string {
	return []string{
		string(f.Object.Account), string(f.Object.Container), string(f.Object.Object),
		f.Info.ContentType, f.Info.Listing.ETag, f.Info.Listing.ContentType,
	}
}

// checkLimits bounds the strings, so that every written footer can be read.
func (f *Footer) checkLimits() error {
	total := 0
	for _, s := range f.texts() {
		total += 4 + len(s)
	}
	for _, m := range []objstore.Metadata{f.Info.Metadata, f.Info.Listing.Extra} {
		if len(m) > fieldsMax {
			return fmt.Errorf("%w: %d metadata fields", ErrTooLarge, len(m))
		}
		total += 4
		for _, field := range m {
			total += 8 + len(field.Name) + len(field.Value)
		}
	}
	if total > textMaxBytes {
		return fmt.Errorf("%w: %d bytes of names and metadata", ErrTooLarge, total)
	}
	return nil
}

// appendFooter appends the footer of a body with the block sums of d to dst.
func appendFooter(dst []byte, f *Footer, blocks []uint64) ([]byte, error) {
	i := &f.Info
	dst = binary.LittleEndian.AppendUint64(dst, uint64(i.Created))
	dst = binary.LittleEndian.AppendUint64(dst, uint64(i.Modified))
	dst = binary.LittleEndian.AppendUint64(dst, uint64(i.SizeBytes))
	dst = binary.LittleEndian.AppendUint64(dst, uint64(i.DeleteAt))
	dst = binary.LittleEndian.AppendUint32(dst, checksum.BlockBytes)
	dst = binary.LittleEndian.AppendUint16(dst, uint16(f.Policy))
	var flags byte
	var listingSize int64
	if i.SHA512 != "" {
		flags |= flagSHA512
	}
	if i.Listing.SizeBytes != nil {
		flags |= flagListingSize
		listingSize = *i.Listing.SizeBytes
	}
	if f.Fragment.Data > 0 {
		flags |= flagFragment
	}
	dst = append(dst, flags, 0)
	var sums [16 + 64]byte
	if n, err := hex.Decode(sums[:16], []byte(i.ETag)); err != nil || n != 16 {
		return nil, fmt.Errorf("datafile: md5 %q is not one", i.ETag)
	}
	if i.SHA512 != "" {
		if n, err := hex.Decode(sums[16:], []byte(i.SHA512)); err != nil || n != 64 {
			return nil, fmt.Errorf("datafile: sha512 %q is not one", i.SHA512)
		}
	}
	dst = append(dst, sums[:]...)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(listingSize))
	if f.Fragment.Data > 0 {
		dst = f.Fragment.append(dst)
	}
	for _, sum := range blocks {
		dst = binary.LittleEndian.AppendUint64(dst, sum)
	}
	for _, s := range f.texts() {
		dst = appendText(dst, s)
	}
	dst = appendMetadata(dst, i.Metadata)
	return appendMetadata(dst, i.Listing.Extra), nil
}

func appendText(dst []byte, s string) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(s)))
	return append(dst, s...)
}

func appendMetadata(dst []byte, m objstore.Metadata) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(m)))
	for _, field := range m {
		dst = appendText(dst, field.Name)
		dst = appendText(dst, field.Value)
	}
	return dst
}
