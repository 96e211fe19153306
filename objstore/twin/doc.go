// Package twin keeps a Pebble database in one copy or in two copies on two disks.
// Two copies are written in step: a commit returns when both disks hold the batch.
//
// # Vocabulary
//
// A side is one copy: one database of package durable. The generation is a number
// that rises whenever a side is lost or filled. A side is lost when the other side
// holds commits that it lacks. Filling copies the good side into the lost side
// while the good side serves. The journal records the keys of the batches under
// way. The caller's Format says which keys belong to this package and how a
// complete side is recognised; this package knows no other key.
//
// # Invariants
//
//   - A commit is answered only when both sides hold the batch, or when the good
//     side durably records that the other side is lost.
//   - Of two sides the one with the higher generation is right.
//   - A side that may hold commits of its own is set aside, never deleted.
//   - After a crash the sides differ only in keys that the journal names.
//   - The caller runs no two batches that set or delete the same key at the same
//     time. Merges of one key may run at the same time if they commute.
package twin
