// SPDX-License-Identifier: Apache-2.0

package imageformat

import (
	"bytes"
	"encoding/binary"
	"math"
	"regexp"
	"strings"
)

// The header of a hosted sparse extent, little-endian (VMware's "Virtual Disk
// Format 5.0"; qemu's block/vmdk.c):
//
//	offset  bytes  what
//	0       4      magic "KDMV"
//	4       4      version, 1 to 3
//	12      8      sectors of the disk
//	28      8      the descriptor's first sector; only 1 is accepted
//	36      8      the descriptor's length in sectors
//	56      8      sector of the grain directory; all ones: the footer has it
//
// The descriptor is text up to the first zero byte. A file may be a descriptor
// alone, without a header.
const (
	vmdkMagic              = "KDMV"
	vmdkHeaderBytes        = 64
	vmdkSectorBytes        = 512
	vmdkDescriptorOffset   = 512
	vmdkDescriptorMaxBytes = 1<<20 - 1
	vmdkFooterMarker       = 3
	vmdkProbeBytes         = 512 // qemu looks for a descriptor alone in the first 512 bytes
)

// vmdkTypes has the allowed create types, which need a single file. The types
// are the default of Glance's option vmdk_allowed_types.
var vmdkTypes = map[string]bool{"monolithicsparse": true, "streamoptimized": true}

var (
	vmdkCreateType = regexp.MustCompile(`(?m)^\s*createtype\s*=\s*"([a-z0-9]{1,63})"`)
	// vmdkExtent matches a line such as: RW 2048 SPARSE "disk.vmdk"
	vmdkExtent = regexp.MustCompile(`^(rw|rdonly|noaccess)\s+([0-9]+)\s+([a-z]+)\s+"([^"]*)"$`)
	// vmdkOther matches an allowed line that is not an extent: blank, a comment, an
	// entry of the disk data base, or a field.
	vmdkOther = regexp.MustCompile(`^$|^#|^ddb|^[^\s=]+\s*=`)
	// vmdkAlone matches a file that qemu takes for a descriptor alone.
	vmdkAlone = regexp.MustCompile(`^(?s:(#[^\n]*\n)|( *\r?\n))*version=[123]\r?\n`)
)

// probeVMDK recognises a sparse extent with a header, and a descriptor alone. The
// latter is always unsafe.
func probeVMDK(i *Inspector) (Finding, bool) {
	if hasPrefix(i.head, vmdkMagic) {
		f := Finding{Format: VMDK}
		f.Unsafe = i.unsafeVMDK()
		if f.Unsafe == "" {
			f.VirtualBytes = vmdkBytes(binary.LittleEndian.Uint64(i.head[12:]))
		}
		return f, true
	}
	// The extents of a descriptor alone are separate files.
	if isDescriptor(i.head) {
		return Finding{Format: VMDK, Unsafe: "its data lie in other files"}, true
	}
	return Finding{}, false
}

// isDescriptor says whether a file is a VMDK descriptor alone, for this package
// or for qemu.
func isDescriptor(head []byte) bool {
	text, _, _ := bytes.Cut(head, []byte{0})
	return isText(text) && vmdkCreateType.MatchString(strings.ToLower(string(text))) ||
		vmdkAlone.Match(head[:min(len(head), vmdkProbeBytes)])
}

// vmdkBytes returns the length of the sectors, or 0 (unknown) beyond every disk.
func vmdkBytes(sectors uint64) int64 {
	if sectors > math.MaxInt64/vmdkSectorBytes {
		return 0
	}
	return int64(sectors) * vmdkSectorBytes
}

// unsafeVMDK returns the fault of a sparse extent, or "".
func (i *Inspector) unsafeVMDK() string {
	if len(i.head) < vmdkDescriptorOffset {
		return "the header is cut off"
	}
	h := i.head[:vmdkHeaderBytes]
	version := binary.LittleEndian.Uint32(h[4:])
	first, sectors := binary.LittleEndian.Uint64(h[28:]), binary.LittleEndian.Uint64(h[36:])
	switch {
	case version < 1 || version > 3:
		return "its version is not supported"
	case first != 1:
		return "its descriptor is in the wrong place"
	}
	if binary.LittleEndian.Uint64(h[56:]) == math.MaxUint64 {
		if reason := i.unsafeFooter(); reason != "" {
			return reason
		}
	}
	length := min(sectors, vmdkDescriptorMaxBytes/vmdkSectorBytes) * vmdkSectorBytes
	descriptor := i.head[vmdkDescriptorOffset:]
	if uint64(len(descriptor)) < length {
		return "the descriptor is cut off"
	}
	descriptor = descriptor[:length]
	if end := bytes.IndexByte(descriptor, 0); end >= 0 {
		descriptor = descriptor[:end]
	}
	return unsafeDescriptor(descriptor)
}

// unsafeDescriptor returns the fault of a descriptor, or "" if the descriptor
// describes a single file with all of the data.
func unsafeDescriptor(descriptor []byte) string {
	if !isText(descriptor) {
		return "it has no descriptor"
	}
	text := strings.ToLower(string(descriptor))
	kind := vmdkCreateType.FindStringSubmatch(text)
	if kind == nil || !vmdkTypes[kind[1]] {
		return "its create type is not allowed"
	}
	extents := 0
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if vmdkOther.MatchString(line) {
			continue
		}
		extent := vmdkExtent.FindStringSubmatch(line)
		if extent == nil {
			return "its descriptor has a line that is not understood"
		}
		if extent[3] != "sparse" {
			return "an extent is not sparse"
		}
		if strings.ContainsAny(extent[4], `/\`) {
			return "an extent names a path"
		}
		extents++
	}
	if extents != 1 {
		return "it has not exactly one extent"
	}
	return ""
}

// unsafeFooter returns the fault of a streamed VMDK's footer, or "". The last
// three sectors are a marker, the footer and the marker of the end. Readers
// prefer the footer to the header, and so both must agree.
func (i *Inspector) unsafeFooter() string {
	if len(i.tail) < tailBytes {
		return "the footer is cut off"
	}
	marker, footer, end := i.tail[:vmdkSectorBytes], i.tail[vmdkSectorBytes:2*vmdkSectorBytes], i.tail[2*vmdkSectorBytes:]
	switch {
	case binary.LittleEndian.Uint64(marker) != 1 || binary.LittleEndian.Uint32(marker[12:]) != vmdkFooterMarker:
		return "the footer's marker is invalid"
	case !bytes.Equal(footer[:56], i.head[:56]):
		return "header and footer differ"
	case binary.LittleEndian.Uint64(footer[56:]) == math.MaxUint64:
		return "the footer points to another footer"
	case len(bytes.Trim(end, "\x00")) != 0:
		return "the marker of the end is invalid"
	}
	return ""
}

// isText reports whether p is printable ASCII and white space, and not empty.
func isText(p []byte) bool {
	for _, c := range p {
		if (c < ' ' || c > '~') && (c < '\t' || c > '\r') {
			return false
		}
	}
	return len(p) > 0
}
