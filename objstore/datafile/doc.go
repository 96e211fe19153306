// SPDX-License-Identifier: Apache-2.0

// Package datafile is the format of a data file: the body of a large object and
// its full description, so that the index can be rebuilt from the files.
//
// # Vocabulary
//
// The body is cut into blocks of checksum.BlockBytes. The footer holds the
// object's names and values and the checksum of each block. The trailer, at the
// very end, says where the footer is. A Writer streams a body into tmp/ and
// publishes the file with Finish. A Reader gives ranges of a published file.
//
// # Invariants
//
//   - A file published by Finish is on stable storage and never changes.
//   - A Reader gives no byte of an unchecked block.
//   - A failed Writer stays failed, and Abort leaves nothing behind.
//   - Memory does not grow with the body, but for 8 bytes per block.
package datafile
