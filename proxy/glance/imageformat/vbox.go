// SPDX-License-Identifier: Apache-2.0

package imageformat

import "encoding/binary"

// A VDI header, little-endian (qemu's block/vdi.c): the signature at 0x40 and
// the disk's size in bytes at 0x170.
const (
	vdiSignature   = 0xBEDA107F
	vdiHeaderBytes = 512
)

func probeVDI(i *Inspector) (Finding, bool) {
	if len(i.head) < vdiHeaderBytes || binary.LittleEndian.Uint32(i.head[0x40:]) != vdiSignature {
		return Finding{}, false
	}
	return Finding{Format: VDI, VirtualBytes: size(binary.LittleEndian.Uint64(i.head[0x170:]))}, true
}

// The first volume descriptor of an ISO 9660 or UDF file system is at 32 KiB
// (ECMA-119, 8.4):
//
//	offset  bytes  what
//	0       1      type; 1 is the primary volume descriptor
//	1       5      "CD001", or "NSR02" or "NSR03" of UDF
//	80      4      blocks of the volume, little-endian (and 4 big-endian)
//	128     2      bytes of a block, little-endian (and 2 big-endian)
const (
	isoDescriptorOffset = 32 << 10
	isoSectorBytes      = 2 << 10
)

// probeISO recognises ISO 9660 and UDF. The size is known only with a primary
// volume descriptor.
func probeISO(i *Inspector) (Finding, bool) {
	if len(i.head) < isoDescriptorOffset+isoSectorBytes {
		return Finding{}, false
	}
	d := i.head[isoDescriptorOffset:]
	switch string(d[1:6]) {
	case "CD001", "NSR02", "NSR03":
	default:
		return Finding{}, false
	}
	f := Finding{Format: ISO}
	if d[0] == 1 {
		f.VirtualBytes = int64(binary.LittleEndian.Uint32(d[80:])) * int64(binary.LittleEndian.Uint16(d[128:]))
	}
	return f, true
}
