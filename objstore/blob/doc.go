// SPDX-License-Identifier: Apache-2.0

// Package blob keeps the bodies of large objects on several devices: in a
// single file, in N copies, or in k+m Reed-Solomon fragments. The package
// answers where a body lies, and gives the bytes back though devices are lost,
// slow, or wrong.
//
// # Vocabulary
//
// A Layout says how a body is kept. Each of its files has a slot: the number of
// the copy, or of the fragment. A Placement names the device of each slot; the
// index of objects records the placement. A Set is the open devices of a store.
// The file of a slot is a data file (package datafile) and has the same
// device.ID on every device.
//
// To this package a copy is the fragment of a code with a single data shard,
// whose parity is the data again. So copies and fragments share the code for
// writing and for reading. A body with a single copy is an exception: package
// datafile alone writes and reads the body, in the caller's goroutine, and
// waits for the device however long the device takes.
//
// A primary is a device where the placement of the store wants a slot to be. A
// handoff is a device that stands in for a primary.
//
// # Invariants
//
//   - The slots of a body lie on distinct devices.
//   - Finish returns nil only when Layout.Quorum files are on stable storage.
//     After an error Finish leaves no file, as far as the devices obey.
//   - A Reader gives no unchecked byte.
//   - The package deletes or moves no damaged file: it tells Events of the
//     damage, and the caller decides.
//   - A hanging device delays nobody longer than the limits of Options, and
//     holds a bounded number of goroutines and buffers.
package blob
