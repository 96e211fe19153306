// SPDX-License-Identifier: Apache-2.0

// Package durable keeps a Pebble database on a disk that may fail: the database
// below the index of objects and the database below identities.
//
// Pebble expects the process to end when it cannot write its log or its
// manifest, and panics or calls Fatalf. Here the failure seals the database
// instead: every later write fails, reads go on, and nobody waits.
//
// # Invariants
//
//   - Commit returns nil only for a batch on stable storage. The seal is set
//     before Pebble hears of the failed call, and looked at after Pebble says
//     that the batch is committed.
//   - Calls on logs, manifests and folders never return an error: a failure
//     seals the database and is swallowed. Pebble's panics and fatal errors
//     about them are never reached.
//   - After the seal nothing is written, renamed or removed. The next start
//     finds the files as they were at the seal.
//   - A log with anything behind its last record is told (see Tail), and refused
//     if acknowledged commits are missing.
package durable
