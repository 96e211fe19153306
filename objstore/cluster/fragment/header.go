// SPDX-License-Identifier: Apache-2.0

package fragment

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

// A fragment begins with a header, little endian in what needletail writes
// (liberasurecode/include/erasurecode/erasurecode.h: fragment_header_t):
//
//	offset  size  field
//	0       4     index of the fragment, 0 to k+m-1
//	4       4     bytes of the payload
//	8       4     bytes of metadata of the backend: 0
//	12      8     bytes of the segment, without padding
//	20      1     kind of the payload's checksum: 1 none, 2 CRC-32
//	21      32    checksum of the payload: 8 words
//	53      1     the checksum does not match: 0
//	54      1     backend: the number of the type
//	55      4     version of the backend: major<<16 | minor<<8 | revision
//	59      4     0x0b0c5ecc
//	63      4     version of the library, as the backend's
//	67      4     CRC-32 of bytes 0 to 58
//	71      9     padding: 0
//
// A writer of the other byte order writes every number swapped.
const (
	HeaderBytes = 80

	indexAt          = 0
	payloadBytesAt   = 4
	metadataBytesAt  = 8
	segmentBytesAt   = 12
	checksumKindAt   = 20
	checksumAt       = 21
	mismatchAt       = 53
	backendAt        = 54
	backendVersionAt = 55
	magicAt          = 59
	libraryVersionAt = 63
	crcAt            = 67
	paddingAt        = 71

	magic = 0x0b0c5ecc
)

// Kinds of checksums of a payload. Swift asks for none.
const (
	checksumNone  = 1
	checksumCRC32 = 2
)

const (
	// libraryVersion goes into what needletail writes. liberasurecode calls a
	// fragment of a later version than its own invalid, so the version is that
	// of the oldest library in use (Debian 12).
	libraryVersion = 1<<16 | 6<<8 | 2
	// libraryWithCRC is the first version that writes the CRC of a header.
	libraryWithCRC = 1<<16 | 2<<8
)

// ErrHeader: the bytes do not begin with a sound header.
var ErrHeader = errors.New("not a sound fragment header")

// Header is the content of a fragment's header.
type Header struct {
	Index          uint32
	PayloadBytes   uint32
	SegmentBytes   uint64
	Backend        uint8
	BackendVersion uint32
	LibraryVersion uint32

	// Swapped: the writer has the other byte order. The numbers are in order.
	Swapped bool

	backendMetadataBytes uint32
	checksumKind         uint8
	checksum             uint32
}

// ParseHeader reads the header at the beginning of fragment. The error wraps
// ErrHeader. The rules are liberasurecode's (src/erasurecode.c:
// is_invalid_fragment_header).
func ParseHeader(fragment []byte) (Header, error) {
	if len(fragment) < HeaderBytes {
		return Header{}, fmt.Errorf("%w: %d bytes are too few", ErrHeader, len(fragment))
	}
	b := fragment[:HeaderBytes]
	var order binary.ByteOrder = binary.LittleEndian
	if binary.BigEndian.Uint32(b[magicAt:]) == magic {
		order = binary.BigEndian
	} else if m := order.Uint32(b[magicAt:]); m != magic {
		return Header{}, fmt.Errorf("%w: magic number %#08x", ErrHeader, m)
	}
	h := Header{
		Index:                order.Uint32(b[indexAt:]),
		PayloadBytes:         order.Uint32(b[payloadBytesAt:]),
		SegmentBytes:         order.Uint64(b[segmentBytesAt:]),
		Backend:              b[backendAt],
		BackendVersion:       order.Uint32(b[backendVersionAt:]),
		LibraryVersion:       order.Uint32(b[libraryVersionAt:]),
		Swapped:              order == binary.BigEndian,
		backendMetadataBytes: order.Uint32(b[metadataBytesAt:]),
		checksumKind:         b[checksumKindAt],
		checksum:             order.Uint32(b[checksumAt:]),
	}
	if h.LibraryVersion == 0 {
		return Header{}, fmt.Errorf("%w: library version 0", ErrHeader)
	}
	if h.LibraryVersion >= libraryWithCRC && !crcMatches(order.Uint32(b[crcAt:]), b[:magicAt]) {
		return Header{}, fmt.Errorf("%w: wrong CRC", ErrHeader)
	}
	return h, nil
}

// put writes the header into the first HeaderBytes of b.
func (h *Header) put(b []byte) {
	b = b[:HeaderBytes]
	clear(b)
	order := binary.LittleEndian
	order.PutUint32(b[indexAt:], h.Index)
	order.PutUint32(b[payloadBytesAt:], h.PayloadBytes)
	order.PutUint64(b[segmentBytesAt:], h.SegmentBytes)
	b[checksumKindAt] = checksumNone
	b[backendAt] = h.Backend
	order.PutUint32(b[backendVersionAt:], h.BackendVersion)
	order.PutUint32(b[magicAt:], magic)
	order.PutUint32(b[libraryVersionAt:], libraryVersion)
	order.PutUint32(b[crcAt:], crc32.ChecksumIEEE(b[:magicAt]))
}

// crcMatches accepts the CRC of zlib, and the CRC of liberasurecode up to
// 1.5.0, which a later library writes too if LIBERASURECODE_WRITE_LEGACY_CRC is
// set.
func crcMatches(crc uint32, b []byte) bool {
	return crc == crc32.ChecksumIEEE(b) || crc == legacyCRC(b)
}

// legacyCRC is the CRC-32 of zlib with a mistake: the register is a signed
// number, so its right shift repeats the top bit in place of zeros
// (liberasurecode/src/utils/chksum/crc32.c).
func legacyCRC(b []byte) uint32 {
	register := int32(-1)
	for _, c := range b {
		register = int32(crc32.IEEETable[byte(register)^c]) ^ register>>8
	}
	return ^uint32(register)
}
