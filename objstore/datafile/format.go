// SPDX-License-Identifier: Apache-2.0

package datafile

import (
	"encoding/binary"
	"errors"

	"needletail/objstore/checksum"
	"needletail/objstore/device"
)

// A data file. All numbers are little-endian; "aligned" means a multiple of
// device.AlignBytes (4096).
//
//	offset         bytes  what
//	0              size   the body, or the fragment
//	size                  zeros up to an aligned offset, F
//	F              n      the footer (footer.go)
//	F+n                   zeros up to the trailer
//	file's end-64  64     the trailer; the file's length is aligned
//
// The trailer:
//
//	offset  bytes  what
//	0       8      magic "needleDF"
//	8       4      version: 1, or 2 if the file holds a fragment
//	12      4      zero
//	16      8      F, the footer's offset
//	24      8      n, the footer's length
//	32      8      xxh3-64 of the footer and the zeros after it
//	40      16     the file's device.ID: a file that was written to the wrong
//	               place is not taken for another
//	56      8      xxh3-64 of the 56 bytes before
const (
	trailerMagic    = "needleDF"
	versionBody     = 1
	versionFragment = 2
	trailerBytes    = 64
)

// SizeMaxBytes is the longest body of a file: 64 GiB, whose footer is 4 MiB.
// Swift's own default limit is 5 GiB.
const SizeMaxBytes = 64 << 30

const (
	// textMaxBytes bounds all names and metadata of a footer together. Swift's
	// default limits allow about 12 KiB.
	textMaxBytes = 1 << 20
	// fieldsMax bounds the number of metadata fields in a list.
	fieldsMax = 4096
	// footerMaxBytes bounds the footer that Open reads before it knows the
	// file.
	footerMaxBytes = footerFixedBytes + fragmentBytes + 8*SizeMaxBytes/checksum.BlockBytes + textMaxBytes
)

// ErrVersion: the file is intact, and its version is unknown to this program.
var ErrVersion = errors.New("unknown version of a data file")

type trailer struct {
	version      uint32
	footerOffset int64
	footerBytes  int64
	footerSum    uint64
}

// appendTrailer appends the trailer of file id to dst.
func appendTrailer(dst []byte, id device.ID, t trailer) []byte {
	start := len(dst)
	dst = append(dst, trailerMagic...)
	dst = binary.LittleEndian.AppendUint32(dst, t.version)
	dst = binary.LittleEndian.AppendUint32(dst, 0)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(t.footerOffset))
	dst = binary.LittleEndian.AppendUint64(dst, uint64(t.footerBytes))
	dst = binary.LittleEndian.AppendUint64(dst, t.footerSum)
	dst = append(dst, id[:]...)
	return binary.LittleEndian.AppendUint64(dst, checksum.Block(dst[start:]))
}

// parseTrailer reads the trailer of file id of fileBytes, and checks that the
// footer fills the file up to the trailer.
func parseTrailer(p []byte, id device.ID, fileBytes int64) (trailer, error) {
	if len(p) != trailerBytes || string(p[:8]) != trailerMagic {
		return trailer{}, corrupt("trailer has no magic")
	}
	if binary.LittleEndian.Uint64(p[56:]) != checksum.Block(p[:56]) {
		return trailer{}, corrupt("trailer does not match its checksum")
	}
	version := binary.LittleEndian.Uint32(p[8:])
	if version != versionBody && version != versionFragment {
		return trailer{}, ErrVersion
	}
	if device.ID(p[40:56]) != id {
		return trailer{}, corrupt("trailer is that of another file")
	}
	t := trailer{
		version:      version,
		footerOffset: int64(binary.LittleEndian.Uint64(p[16:])),
		footerBytes:  int64(binary.LittleEndian.Uint64(p[24:])),
		footerSum:    binary.LittleEndian.Uint64(p[32:]),
	}
	if t.footerOffset < 0 || t.footerOffset > device.Align(SizeMaxBytes) ||
		t.footerBytes < 0 || t.footerBytes > footerMaxBytes {
		return trailer{}, corrupt("trailer is out of bounds")
	}
	if device.Align(t.footerOffset) != t.footerOffset ||
		device.Align(t.footerOffset+t.footerBytes+trailerBytes) != fileBytes {
		return trailer{}, corrupt("trailer does not fit the file's length")
	}
	return t, nil
}
