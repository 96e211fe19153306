// Package meta is the index of the store: a Pebble database with one row per
// account, container and object, their counters, the small bodies, and the
// queues of the workers.
//
// # Vocabulary
//
// A row describes one account, container or object. A counter is a sum of
// deltas that Pebble's Merge adds up, so that writers never wait for one
// another's read-modify-write. An inline body is the body of a small object,
// kept under its own key so that a listing does not drag it along. A FileID
// names one stored body, inline or data file, and is never used twice.
//
// # Invariants
//
//   - keys.go alone builds keys. Names sort by their bytes.
//   - The rows, listings (they are the rows), counters, expiry entries and GC
//     entries that one change touches go into one Batch.
//   - This package reads neither the clock nor random numbers: times and ids
//     are arguments, so a sequence of batches can be replayed.
//   - A row or schema of an unknown version is an error, never a guess.
//
// The engine is the caller; callers serialise changes of one row.
package meta
