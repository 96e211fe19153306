// Package objstore is the contract of the store: the names, values, error
// kinds and the Store interface that everything above and below agrees on. It
// holds no implementation and imports the standard library alone.
//
// # Vocabulary
//
// An account holds containers, a container holds objects. An object is a body
// with an MD5 ETag, a content type and metadata. Names are opaque bytes: "a",
// "a/b", "a//b" and "a/../b" are four objects, and none is ever a file path.
// A timestamp counts units of 10 µs, as Swift writes it. Metadata is a list of
// header names and values under Swift's own names, sysmeta included.
//
// # Invariants that every Store keeps
//
//   - A write that returned nil is on stable storage.
//   - An object's row, its listing entry and the counters of its container and
//     account change together, at once, exactly.
//   - No byte leaves a Store without its checksum having been verified.
//   - Checks that need no body are made before the first Read of a body.
//   - Memory does not grow with the size of an object or of a container.
//
// The division of work is Swift's: versions, manifests and links are built in
// the proxy out of account, container and object operations, so no operation
// spans two objects.
package objstore
