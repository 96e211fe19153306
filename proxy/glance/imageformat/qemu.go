// SPDX-License-Identifier: Apache-2.0

package imageformat

import (
	"encoding/binary"
	"math"
)

// A qcow2 header, big-endian (qemu's docs/interop/qcow2.txt):
//
//	offset  bytes  what
//	0       4      magic "QFI\xfb"
//	4       4      version, 2 or 3
//	8       8      offset of the backing file's name, or 0
//	24      8      virtual size in bytes
//	72      8      incompatible features (version 3)
const (
	qcow2Magic       = "QFI\xfb"
	qcow2HeaderBytes = 104
	qcow2DataFile    = 1 << 2     // incompatible feature: the data lie in a second file
	qcow2Known       = 1<<4 - 1   // dirty, corrupt, data file, compression type
	qedMagic         = "QED\x00"  // qemu's docs/interop/qed_spec.rst
	vhdMagic         = "conectix" // qemu's block/vpc.c
)

// probeQCOW2 recognises a qcow2 file. A file that needs a second file, or uses
// unknown features, is unsafe.
func probeQCOW2(i *Inspector) (Finding, bool) {
	if !hasPrefix(i.head, qcow2Magic) {
		return Finding{}, false
	}
	f := Finding{Format: QCOW2}
	if len(i.head) < qcow2HeaderBytes {
		f.Unsafe = "the header is cut off"
		return f, true
	}
	version := binary.BigEndian.Uint32(i.head[4:])
	features := uint64(0)
	if version == 3 {
		features = binary.BigEndian.Uint64(i.head[72:])
	}
	switch {
	case binary.BigEndian.Uint64(i.head[8:]) != 0:
		f.Unsafe = "it has a backing file"
	case version != 2 && version != 3:
		f.Unsafe = "its version is not supported"
	case features&qcow2DataFile != 0:
		f.Unsafe = "it has a data file"
	case features&^qcow2Known != 0:
		f.Unsafe = "it has unknown features"
	}
	f.VirtualBytes = size(binary.BigEndian.Uint64(i.head[24:]))
	return f, true
}

// probeQED recognises QED, a format that is not supported any more.
func probeQED(i *Inspector) (Finding, bool) {
	return Finding{Format: QED, Unsafe: "the format is not allowed"}, hasPrefix(i.head, qedMagic)
}

// probeVHD recognises a dynamic VHD: a copy of the footer is at the front, with
// the disk's size at 40 (8 bytes, big-endian). A fixed VHD has no copy at the front,
// and is taken for raw data.
func probeVHD(i *Inspector) (Finding, bool) {
	if !hasPrefix(i.head, vhdMagic) || len(i.head) < 512 {
		return Finding{}, false
	}
	return Finding{Format: VHD, VirtualBytes: size(binary.BigEndian.Uint64(i.head[40:]))}, true
}

// size returns the size that a header states, or 0 (unknown) for a size beyond
// every disk.
func size(n uint64) int64 {
	if n > math.MaxInt64 {
		return 0
	}
	return int64(n)
}

func hasPrefix(p []byte, magic string) bool {
	return len(p) >= len(magic) && string(p[:len(magic)]) == magic
}
