// Package glance is the Image API v2 over an objstore.Store: what clients of
// OpenStack Glance (25, Debian 12) create, upload, list, share and download.
//
// # Vocabulary
//
// An image is a record (name, formats, owner, custom properties, tags,
// members) and, once it is active, one data object. A caller is a verified
// token: the project in scope and whether it carries the role "admin". A rule
// is the question that a route asks about the caller and the image.
//
// # Where things are
//
// The data of image ID is the object ID in the container "glance" of the
// service project's account, one object whatever its size: just where
// glance_store's Swift driver would look for it. Segments that the driver wrote
// are read and deleted too (segments.go). The record is the object ID in the
// container "images" of the account ".glance", which no Swift request can name.
// All records are also held in memory, as snapshots that are never
// changed in place.
//
// # Invariants
//
//   - A record is written to the Store first and shown second.
//   - An image is active only if its data object is durable. Data that came here
//     without becoming an active image's is removed, at the latest by the next
//     New: a record is in state "saving" before the first byte is stored, and in
//     state "deleted" before its data goes.
//   - Everything that needs no body is checked before the first Read of the
//     body, and a body that fails at its first Read has changed nothing.
//   - A route without a rule denies. What a caller may not see is absent (404).
package glance
