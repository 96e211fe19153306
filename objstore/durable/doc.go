// Package durable keeps a Pebble database whose disk may fail: the one below
// the index of objects and the one below identities.
//
// Pebble expects the process to end when it cannot write its log or its
// manifest, and panics or calls Fatalf. Here such a failure seals the database
// instead: no write succeeds any more, reads go on, and nobody waits.
//
// # Invariants
//
//   - Commit returns nil only for a batch that is on stable storage. The seal is
//     set before Pebble hears of the failed call, and looked at after Pebble
//     says that the batch is committed.
//   - Logs, manifests and folders never err: a call that fails seals the database
//     and is swallowed. Pebble's panics and fatal errors about them are so never
//     reached.
//   - After the seal nothing is written, renamed or removed. What the next
//     start finds is what was there when the database was sealed.
//   - A log that does not end where its last record ends is told (see Tail), and
//     refused if acknowledged commits are missing.
package durable
