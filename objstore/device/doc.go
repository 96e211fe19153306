// SPDX-License-Identifier: Apache-2.0

// Package device is a disk as the store sees it: a folder of immutable files
// named by ID, with free-space limits and a health state.
//
// # Vocabulary
//
// A file is created under tmp/, written once, synced and then published: moved
// to its place under data/ so that the file survives a loss of power.
// Quarantine moves a damaged file aside; only Remove deletes a published file.
// A sealed device had a failed fsync: the kernel may have dropped the pages of
// the moment, so the device takes no more writes until it is opened again,
// while reads go on.
//
// # Invariants
//
//   - Publish returns nil only if data, name and every new parent directory are
//     on stable storage.
//   - A failed fsync is never tried again on the same file.
//   - A name of an object never becomes a path: files are named by ID.
//   - An ID belongs to a single file for ever, and a single goroutine at a time
//     changes the file.
//
// A Device is safe for concurrent use.
package device
