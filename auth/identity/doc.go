// SPDX-License-Identifier: Apache-2.0

// Package identity is Keystone's model without Keystone's HTTP: domains,
// projects, users, groups, roles, grants, the service catalog, limits,
// passwords, tokens and revocations. The rows are in memory and in a store of
// this package.
//
// Vocabulary: a row is a record of a table. A Grant gives a user or a group a
// role on a target; a target is a project, a domain or the system. A role can
// imply further roles. A Login becomes a Token, and the client keeps the text
// of the token alone. A Revocation ends tokens before they expire.
//
// # Invariants
//
//   - A row in memory is never changed, only replaced. A reader may keep a row
//     after the lock is released.
//   - A write is a Pebble batch with Sync. Memory follows after the batch, hence
//     a row seen in memory survives a crash. After a write with an unknown
//     outcome the service takes no more writes until the next start.
//   - Roles are looked up when a token is validated, never read from the token.
//     Every write raises the generation, and a validation of an earlier
//     generation is never reused.
//   - Passwords are kept as hashes only: bcrypt_sha256, or the imported hash
//     until the user's next login.
package identity
