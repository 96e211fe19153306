// SPDX-License-Identifier: Apache-2.0

// Package checksum takes all digests of a body in one pass: the MD5 for the
// ETag, a SHA-512 where asked for, and the xxh3-64 of each block of BlockBytes,
// which a reader checks before a byte leaves.
//
// # Vocabulary
//
// A stream is a body. A lane is the MD5 of a stream. The lanes of all streams
// wait for one another, and the processor's vector unit takes up to 16 lanes
// side by side. A stream alone takes a plain MD5.
package checksum
