// SPDX-License-Identifier: Apache-2.0

package imageformat

import (
	"bytes"
	"encoding/binary"
)

// A VHDX file, little-endian (MS-VHDX):
//
//	offset   what
//	0        "vhdxfile"
//	192 KiB  the region table: "regi", 4 bytes, count (4), 4 bytes, entries of
//	         32: GUID (16), file offset (8), length (4), flags (4)
//	R        the metadata region: "metadata", 2 bytes, count (2), 20 bytes,
//	         entries of 32: GUID (16), offset from R (4), length (4), flags (8)
const (
	vhdxMagic             = "vhdxfile"
	vhdxRegionTableOffset = 192 << 10
	vhdxTableHeaderRegion = 16
	vhdxTableHeaderMeta   = 32
	vhdxEntryBytes        = 32
	vhdxEntriesMax        = 2047
)

// GUIDs, in the byte order of the file.
var (
	vhdxMetadataRegion  = []byte{0x06, 0xa2, 0x7c, 0x8b, 0x90, 0x47, 0x9a, 0x4b, 0xb8, 0xfe, 0x57, 0x5f, 0x05, 0x0f, 0x88, 0x6e}
	vhdxVirtualDiskSize = []byte{0x24, 0x42, 0xa5, 0x2f, 0x1b, 0xcd, 0x76, 0x48, 0xb2, 0x11, 0x5d, 0xbe, 0xd8, 0x3b, 0xf4, 0xb8}
)

// probeVHDX recognises a VHDX file. If a table is missing or cut off, the size of
// the disk is unknown.
func probeVHDX(i *Inspector) (Finding, bool) {
	if !hasPrefix(i.head, vhdxMagic) {
		return Finding{}, false
	}
	f := Finding{Format: VHDX}
	regions := window(i.head, vhdxRegionTableOffset)
	if len(regions) < vhdxTableHeaderRegion || !hasPrefix(regions, "regi") {
		return f, true
	}
	entry := vhdxEntry(regions[vhdxTableHeaderRegion:], binary.LittleEndian.Uint32(regions[8:]), vhdxMetadataRegion)
	if entry == nil {
		return f, true
	}
	meta := window(i.head, binary.LittleEndian.Uint64(entry[16:]))
	if len(meta) < vhdxTableHeaderMeta || !hasPrefix(meta, "metadata") {
		return f, true
	}
	count := uint32(binary.LittleEndian.Uint16(meta[10:]))
	if entry = vhdxEntry(meta[vhdxTableHeaderMeta:], count, vhdxVirtualDiskSize); entry == nil {
		return f, true
	}
	if value := window(meta, uint64(binary.LittleEndian.Uint32(entry[16:]))); len(value) >= 8 {
		f.VirtualBytes = size(binary.LittleEndian.Uint64(value))
	}
	return f, true
}

// vhdxEntry returns the entry of a GUID among count entries, or nil.
func vhdxEntry(table []byte, count uint32, guid []byte) []byte {
	for range min(count, vhdxEntriesMax) {
		if len(table) < vhdxEntryBytes {
			return nil
		}
		if bytes.HasPrefix(table, guid) {
			return table[:vhdxEntryBytes]
		}
		table = table[vhdxEntryBytes:]
	}
	return nil
}

// window returns the part of p from an offset on, nil beyond the end of p.
func window(p []byte, offset uint64) []byte {
	if offset > uint64(len(p)) {
		return nil
	}
	return p[offset:]
}
