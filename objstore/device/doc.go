// Package device is one disk as the store sees it: a folder of immutable files
// named by ID, with free-space limits and a health state.
//
// # Vocabulary
//
// A file is created under tmp/, written once, synced and then published: moved
// to its place under data/ so that it survives a loss of power. Quarantine moves
// a damaged file aside; only Remove deletes a published one. A sealed device
// had a failed fsync: what the kernel did with the pages of that moment is
// unknown, so it takes no more writes until it is opened again, while reads go
// on.
//
// # Invariants
//
//   - Publish returns nil only if data, name and every new parent directory are
//     on stable storage.
//   - An fsync that failed is never tried again on the same file.
//   - A name of an object never becomes a path: files are named by ID.
//   - An ID belongs to one file for ever, and one goroutine at a time changes it.
//
// A Device is safe for concurrent use.
package device
