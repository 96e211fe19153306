// SPDX-License-Identifier: Apache-2.0

// Package meta is the index of the store. The index is a Pebble database with a row
// per account, container and object, with counters, small bodies, and the queues of
// the workers. The database may be kept in two copies by package twin.
//
// # Vocabulary
//
// A row describes an account, a container or an object. A counter is a sum of
// deltas. Pebble's Merge adds the deltas, hence writers never wait for one another's
// read-modify-write. An inline body is the body of a small object. The body has a key
// of its own, and a listing does not read the body. A FileID names a stored body,
// inline or in a data file, and is never used twice.
//
// # Invariants
//
//   - keys.go alone builds keys. Names sort by their bytes.
//   - A change goes into a single Batch: rows, counters, expiry entries and GC
//     entries. Listings are walks over the rows.
//   - This package reads neither the clock nor random numbers. Times and ids are
//     arguments, and a sequence of batches can be replayed.
//   - A row or schema of an unknown version is an error, never a guess.
//
// The engine is the caller. Callers serialise changes of the same row.
package meta
