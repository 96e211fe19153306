// Package datafile is the format of one data file: the body of one large object
// and all that describes it, so that the index can be rebuilt from the files.
//
// # Vocabulary
//
// The body is cut into blocks of checksum.BlockBytes. The footer holds the
// object's names and values and the checksum of each block; the trailer, at the
// very end, says where the footer is. A Writer streams a body into tmp/ and
// publishes it with Finish; a Reader gives ranges of a published file.
//
// # Invariants
//
//   - A file that Finish published is on stable storage and never changes.
//   - A Reader gives no byte whose block it has not checked.
//   - A Writer that failed once stays failed, and Abort leaves nothing behind.
//   - Memory does not grow with the body, but for 8 bytes per block.
package datafile
