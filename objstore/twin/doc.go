// SPDX-License-Identifier: Apache-2.0

// Package twin keeps a Pebble database in one copy or in two copies on two disks.
// Two copies are written in step: a commit returns when the two disks hold the
// batch.
//
// # Vocabulary
//
// A side is a copy: a database of package durable. The two sides are peers. A side
// is lost when its peer holds commits that are missing in the side. The generation
// is a number. The generation rises when a side is lost or filled. To fill a lost
// side means to copy its peer into the side while the peer serves. The journal
// records the keys of the batches under way. The caller's Format names the keys
// that belong to this package, and reads whether a side is complete. This package
// knows no further key.
//
// # Invariants
//
//   - A commit is answered only when the two sides hold the batch, or when a side
//     durably records the loss of its peer.
//   - The side of the higher generation is right.
//   - A side with commits of its own is set aside, never deleted.
//   - After a crash the sides differ only in keys named by the journal.
//   - The caller serialises batches that set or delete the same key. Merges of a
//     key may run at the same time if they commute.
package twin
