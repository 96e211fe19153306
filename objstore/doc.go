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
//   - Checks without need of the body come before the first Read of the body.
//   - Memory does not grow with the size of an object or of a container.
//   - Two versions of an object are never mixed in a read.
//
// # Guarantees of a Store
//
// A Store says in its Guarantees what else holds. Over the embedded engine an
// object's row, its listing entry and the counters of its container and account
// change together, at once, exactly, and a byte leaves the Store only after its
// checksum was verified. Over a cluster of Swift's servers listings and counters
// follow, and a failed write may have happened. The comment of a method names
// the guarantee on which a sentence depends.
//
// The division of work is Swift's: the proxy builds versions, manifests and
// links out of account, container and object operations, so no operation spans
// two objects.
package objstore
