// SPDX-License-Identifier: Apache-2.0

// Package objstore is the contract of the store: the names, values, error kinds
// and the Store interface, on which everything above and below agrees. The
// package has no implementation and imports the standard library alone.
//
// # Vocabulary
//
// An account holds containers, a container holds objects. An object is a body
// with an MD5 ETag, a content type and metadata. Names are opaque bytes: "a",
// "a/b", "a//b" and "a/../b" are four objects, and a name is never a file path.
// A timestamp counts units of 10 µs, the precision of Swift's timestamps.
// Metadata is a list of header names and values under Swift's own names,
// sysmeta included.
//
// # Invariants of every Store
//
//   - A write that returned nil is on stable storage.
//   - An object's row, its listing entry and the counters of its container and
//     account change together, at once, exactly.
//   - A byte leaves a Store only after its checksum was verified.
//   - Checks without need of the body come before the first Read of the body.
//   - Memory does not grow with the size of an object or of a container.
//
// The division of work is Swift's: the proxy builds versions, manifests and
// links out of account, container and object operations, so no operation spans
// two objects.
package objstore
