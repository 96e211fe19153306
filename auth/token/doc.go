// Package token reads and writes Keystone's Fernet tokens, byte for byte, and
// keeps the repository of their keys.
//
// Vocabulary: a Payload is what a token says (a user, how they logged in, a
// scope, an expiry, audit ids); a Key seals and opens; a Repository is the
// folder of keys, in which 0 is staged, the highest number is primary, and
// every key opens.
//
// A token carries neither roles nor a catalog: whoever validates one looks them
// up. Nothing here knows whether a user exists or a token was revoked.
//
// # Invariants
//
//   - No input makes Parse panic or allocate more than a few times its length.
//   - A token opens if and only if a key of the repository sealed it and it has
//     one of the five shapes that Payload can hold.
package token
