// Package checksum takes all digests of a body in one pass: the MD5 that is the
// ETag, a SHA-512 where one was asked for, and the xxh3-64 of each block of
// BlockBytes, which a reader checks before a byte leaves.
//
// # Vocabulary
//
// A stream is one body. A lane is one of the streams whose MD5 the processor's
// vector unit takes side by side; it pays when several bodies arrive at once
// and costs when there is one, so a Hash chooses at its start.
package checksum
