// Package checksum takes all digests of a body in one pass: the MD5 that is the
// ETag, a SHA-512 where one was asked for, and the xxh3-64 of each block of
// BlockBytes, which a reader checks before a byte leaves.
//
// # Vocabulary
//
// A stream is one body. A lane is the MD5 of one stream; the lanes of all
// streams wait for one another, and the processor's vector unit takes up to 16
// of them side by side. A stream alone takes a plain one.
package checksum
