// Package blob keeps the bodies of large objects on several devices: in one
// file, in N copies, or in k+m Reed-Solomon fragments. It answers where a body
// lies, and gives its bytes back though devices are lost, slow, or wrong.
//
// # Vocabulary
//
// A Layout says how a body is kept. Each of its files has a slot: the number of
// the copy, or of the fragment. A Placement names the device of each slot; it
// is what the index of objects records. A Set is the open devices of a store.
// The file of a slot is a data file (package datafile) and has the same
// device.ID on every device.
//
// To this package a copy is the fragment of a code with one data shard, whose
// parity is the data again; so there is one way to write and one to read.
// A body with a single copy is none of this: it is written and read by package
// datafile alone, in the caller's goroutine, and waits for its device however
// long that takes.
//
// A primary is the device where the placement of the store wants a slot to be.
// A handoff is one that stands in for it.
//
// # Invariants
//
//   - The slots of a body lie on distinct devices.
//   - Finish returns nil only when Layout.Quorum files are on stable storage,
//     and after an error leaves none, as far as the devices obey.
//   - A Reader gives no byte that was not checked.
//   - Nothing here deletes or moves a file because it is damaged: that is told
//     to Events, and the caller decides.
//   - A device that hangs delays nobody longer than the limits of Options, and
//     holds a bounded number of goroutines and buffers.
package blob
