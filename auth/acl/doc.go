// SPDX-License-Identifier: Apache-2.0

// Package acl reads Swift's access control lists: the comma lists of
// X-Container-Read and X-Container-Write, and the JSON of
// X-Account-Access-Control (swift/common/middleware/acl.py).
//
// Vocabulary: a referrer designation (".r:*", ".r:-.thief.example") grants or
// denies by the host of the Referer header; a group is every further item of a
// list, and each Authorizer gives groups a meaning; a grantee is a member of an
// account ACL.
//
// # Invariants
//
//   - Clean(name, Clean(name, v)) = Clean(name, v): a stored list is clean.
//   - The texts of errors are Swift's, byte for byte: clients show the texts.
//   - No function panics, or does more than linear work, on any input.
package acl
