// SPDX-License-Identifier: Apache-2.0

// Package pipe moves bytes from a socket to a socket inside the kernel: the
// bytes are not copied into the process and out of it again, which is about
// half of the work of a relay.
//
// # Vocabulary
//
// A Pipe is a pipe of the kernel. A Source is a socket whose bytes go into pipes:
// Gather says how many bytes wake a reader, and Fill moves bytes that have arrived
// into a pipe. Drain moves the bytes of the pipe to a socket (splice(2)).
// Tee gives the bytes of a pipe to a further pipe as well (tee(2)), for several
// destinations. A Reader is a source of bytes for a pipe, and a Writer a
// destination.
//
// # Invariants
//
//   - A pipe is for a single goroutine at a time.
//   - Fill is for an empty pipe, so an error of Fill is of the source alone, and
//     an error of Drain is of the destination alone.
//   - A Pool has a bounded number of pipes, with room for BytesMax bytes each. Take
//     returns nil beyond, and the caller copies.
//   - A pipe with bytes in it is never used again.
package pipe
