// SPDX-License-Identifier: Apache-2.0

// Package engine is the embedded store: objstore.Store on one data folder.
//
// # Vocabulary
//
// A small body lies inline in the index. A large body lies in a data file on a
// device, and a row of the index names the device. Publishing makes a data file
// durable; only the commit of the row makes the file an object. Dark data are
// published files without a row: a crash between publishing and commit leaves
// dark data, and the loss of a row leaves dark data too.
//
// # Invariants
//
//   - Commit order: data durable, file and directory entry durable, one batch of
//     the index with sync, answer. After an error nothing of the operation is
//     visible. The exception is a failed write of the log of the index: the index
//     is sealed, and the outcome is unknown until the next Open.
//   - commit.go builds the batches of all requests, from explicit times and ids.
//     Workers build the batches of queues, placements, sums and positions.
//   - A file with a row is never removed. A damaged file is moved to quarantine,
//     and the row stays.
//   - Locks are taken in the order account, container, object (locks.go).
//   - A single process uses the store at a time: DATA/LOCK is locked.
//
// # Workers
//
// The healer, the scrubber, the collector, the expirer and the search for dark
// data run in the background (worker.go). Each worker has a type with methods,
// and reaches the open store through the field e.
//
// # Folders
//
// Package datafolder names the parts of the data folder, and package fsck has
// the tools for a closed store.
package engine
