// SPDX-License-Identifier: Apache-2.0

// Package internaltime has the timestamps of Swift's servers: a time in units
// of 10 µs, and an offset that orders writes of the same time.
//
// Vocabulary:
//
//   - The normal form is "1402464677.04188", the form of clients. The normal
//     form has no offset.
//   - The internal form is the normal form, or, with an offset, the normal form
//     and the offset in 16 hexadecimal digits:
//     "1402464677.04188_0000000000000001". Servers order writes by the internal
//     form.
//   - The short form has an offset without leading zeros:
//     "1402464677.04188_1".
//   - A triple is up to three times in a string: of the data, of the content
//     type, of the metadata.
//
// Offsets come from object versioning, which writes the visible link one offset
// after the version, and from Swift's reconciler.
//
// Invariants: two times compare as their internal forms compare as strings. A
// parsed time is within the bounds of Swift's timestamps, so that every form has
// a fixed width before the offset.
package internaltime
