package glance

import (
	"encoding/binary"
	"math"
)

// sniffBytes is how much of an upload is looked at: the part of a qcow2 header
// that holds the virtual size.
const sniffBytes = 32

// The start of a qcow2 header, big-endian (qemu's docs/interop/qcow2.txt):
//
//	0   4  magic, "QFI\xfb"
//	4   4  version, 2 or 3
//	24  8  virtual size in bytes
const qcow2Magic = "QFI\xfb"

// qcow2VirtualBytes reads the virtual size from the head of a qcow2 file.
func qcow2VirtualBytes(head []byte) (n int64, ok bool) {
	if len(head) < sniffBytes || string(head[:4]) != qcow2Magic {
		return 0, false
	}
	version := binary.BigEndian.Uint32(head[4:])
	size := binary.BigEndian.Uint64(head[24:])
	if version < 2 || version > 3 || size > math.MaxInt64 {
		return 0, false
	}
	return int64(size), true
}

// virtualBytes is the size of the disk that the data describes, or nil where
// that is not known.
func virtualBytes(m *image, head []byte, dataBytes int64) *int64 {
	if m.DiskFormat == nil || m.ContainerFormat == nil || *m.ContainerFormat != "bare" {
		return nil
	}
	switch *m.DiskFormat {
	case "raw":
		return &dataBytes
	case "qcow2":
		if n, ok := qcow2VirtualBytes(head); ok {
			return &n
		}
	}
	return nil
}
