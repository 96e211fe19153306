// Package imageformat looks at the data of a disk image as it streams by: which
// format it has, how large the disk is that it describes, and whether whoever
// opens it would be led to other files.
//
// It follows oslo.utils' imageutils/format_inspector.py of 2026, which Glance has
// used on uploads since its fixes of 2024 (OSSA-2024-001): a qcow2 file may name
// a backing file or a data file, and a VMDK descriptor may name extents, that lie
// on the host that opens the image. It refuses more than that in one place: a
// VMDK descriptor alone, whatever its type.
//
// # Vocabulary
//
// A Format has the name of Glance's disk_format. An Inspector is given all of
// the data, in pieces, and keeps a bounded head and tail of it. Formats that
// cannot be recognised (ami, aki, ari, ploop) are taken as they are, unless
// the data is recognised as another.
//
// # Invariants
//
//   - What a header says is never believed further than the bytes that are
//     there: no offset, count or length leads to an allocation or a loop that
//     the limits in this package do not bound.
//   - Data that is unsafe is unsafe whatever format it is declared to have. That
//     goes for data of two formats at once, and for a disk whose partition table
//     breaks the rules.
package imageformat
