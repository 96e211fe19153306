// SPDX-License-Identifier: Apache-2.0

// Package recordbook keeps the records of the Image API (images, tasks,
// namespaces) in the Store and in memory. A record is a small JSON object in the
// account ".glance", which no Swift request can name:
//
//	.glance/images/ID      an image
//	.glance/tasks/ID       a task; expires 48 hours after its end
//	.glance/metadefs/NAME  a namespace with its definitions
//
// # Vocabulary
//
// A kind says how records of a type are named, checked, weighed and expired. A
// book holds all records of a kind. The weight of a record is an estimate of its
// memory, and counts for the record's owner and for all owners together.
//
// # Invariants
//
//   - A record is written to the Store first and shown in memory second. A
//     record is deleted from the Store first and forgotten second.
//   - A record in memory is a snapshot and is never changed in place. A change
//     clones the record, changes the clone and puts the clone.
//   - An unreadable record is logged and left alone: a damaged record must not
//     keep the rest away.
//
// The book has no bounds of its own but MaxRecordBytes. The user of a book asks
// Len and Sums before a change, because each kind answers a full book
// differently.
package recordbook
