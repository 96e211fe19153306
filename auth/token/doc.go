// SPDX-License-Identifier: Apache-2.0

// Package token reads and writes Keystone's Fernet tokens, byte for byte, and
// keeps the repository of the keys.
//
// Vocabulary: a Payload is the content of a token (a user, the methods of the
// login, a scope, an expiry, audit ids); a Key seals and opens; a Repository is
// the folder of keys, in which 0 is staged, the highest number is primary, and
// every key opens.
//
// A token carries neither roles nor a catalog: a validator looks both up. The
// package does not know whether a user exists or a token was revoked.
//
// # Invariants
//
//   - No input makes Parse panic or allocate more than a few times its length.
//   - A token opens if and only if a key of the repository sealed the token and
//     the payload has one of the six kinds.
package token
