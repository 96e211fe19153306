// SPDX-License-Identifier: Apache-2.0

// Package imageformat inspects the data of a disk image while the data streams
// by. The package finds the format, the size of the disk that the data
// describes, and signs of danger: an image may name files of the host on which a
// reader opens the image, a qcow2 file as backing file or data file, a VMDK
// descriptor as extents.
//
// The package follows oslo.utils' imageutils/format_inspector.py of 2026. Glance
// has used that module on uploads since the fixes of OSSA-2024-001. The package
// is stricter in a single place: a VMDK descriptor alone is refused, and its
// create type does not matter.
//
// # Vocabulary
//
// A format has the name of Glance's disk_format. An Inspector receives all of
// the data, in pieces, and keeps a bounded head and a bounded tail. The formats
// ami, aki, ari and ploop cannot be recognised: data declared to have an
// unrecognisable format is accepted, unless the data has a recognisable format.
//
// # Invariants
//
//   - The bytes that are present bound what a header can claim: no offset, count
//     or length in a header leads to an allocation or a loop beyond the limits of
//     the package.
//   - Unsafe data is unsafe under every declared format. Data of two formats at
//     once is unsafe, and a disk whose partition table breaks the rules.
package imageformat
