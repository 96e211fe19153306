// SPDX-License-Identifier: Apache-2.0

// Package glance is the Image API v2 over an objstore.Store: clients of OpenStack
// Glance (25, Debian 12) create, upload, list, share and download images.
//
// # Vocabulary
//
// An image is a record (name, formats, owner, custom properties, tags, members)
// and, while the image is active, a data object. A caller is a verified token:
// the project in scope, and whether the token carries the role "admin". A rule is
// the question that a route asks about the caller and the image. A task tells the
// outcome of an import.
//
// # Where things are
//
// The data of image ID is the object ID in the container "glance" of the
// service project's account, a single object of any size: glance_store's Swift
// driver looks for data at the same place. Segments that the driver wrote are
// read and deleted too (segments.go). The record is the object ID in the
// container "images" of the account ".glance" (package recordbook), which no
// Swift request can name. All records are also held in memory, as snapshots
// that are never changed in place.
//
// Metadata definitions share nothing with images but the router, and are package
// metadefs. The records and views of tasks are package tasks. Package wire has
// the forms of answers, package paging the listings.
//
// # Invariants
//
//   - A record is written to the Store first and shown second.
//   - An image is active only if its data object is durable. Data without an
//     active image is removed, at the latest by the next New: a record is in state
//     "saving" before the first byte is stored, and in state "deleted" before the
//     data is removed.
//   - All checks that need no body come before the first Read of the body, and a
//     body that fails at the first Read has changed nothing.
//   - A route without a rule denies. An image that the caller may not see is
//     absent (404).
package glance
