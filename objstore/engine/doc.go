// Package engine is the embedded store: objstore.Store on one data folder.
//
// # Vocabulary
//
// A small body lies inline in the index; a large one in a data file on the
// device. A row of the index says where. Publishing a data file makes it
// durable; only the commit of its row makes it an object. Dark
// data are published files without a row: what a crash between the two leaves
// behind, or the loss of a row.
//
// # Invariants
//
//   - Commit order: data durable, file and directory entry durable, one batch
//     of the index with sync, answer. After an error nothing of the operation
//     is visible, except that after a failed write of the index's log (the
//     index is sealed then) nobody knows until the next Open.
//   - Batches are built in commit.go alone, from explicit times and ids.
//   - A file that a row names is never removed; a damaged one is moved to
//     quarantine, and its row stays.
//   - Locks are taken in the order account, container, object (locks.go).
//   - The store needs one process: DATA/LOCK is locked while it is open.
//
// The folders:
//
//	DATA/needletail.json            format version and id of the store
//	DATA/LOCK                       locked while the store is open
//	DATA/index/                     package meta
//	DATA/data/ tmp/ quarantine/     package device
package engine
