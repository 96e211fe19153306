// SPDX-License-Identifier: Apache-2.0

// Package fragment is the erasure coding of OpenStack's liberasurecode, equal
// to the bit: the header of a fragment, the parity, the decoding, and where the
// bytes of an object lie in fragments. The package is arithmetic on memory,
// without any input or output.
//
// # Vocabulary
//
// An object is cut into segments, the last of them shorter. A segment is cut
// into k pieces of equal length, the last padded with zeros, to which m parity
// pieces are computed. A fragment is a header of HeaderBytes and a piece, the
// fragment's payload. Index i of a fragment is 0 to k-1 for data and k to k+m-1
// for parity. A fragment archive is the concatenation of the fragments of a
// single index, in the order of the segments: the body that an object server
// keeps. A type (ec_type in swift.conf) says how parity is computed; a Codec
// does the work for a type with k and m.
//
// # Invariants
//
//   - Fragments equal the fragments of liberasurecode in every byte, but for
//     the library version and the padding of the header.
//   - Every fragment is judged by its header before a byte of its payload is
//     used. No bytes from outside make the package panic.
//   - A payload has no checksum of its own. Decoding of damaged payloads gives
//     wrong bytes: a reader compares the MD5 of whole objects, or of whole
//     archives.
//   - Encode and Decode do not allocate when the caller's buffers suffice, but
//     for under 1 KiB a call inside the library for GF(2^8).
package fragment
