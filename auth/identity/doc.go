// Package identity is Keystone's model without its HTTP: domains, projects,
// users, roles, grants, the service catalog, passwords, tokens and their
// revocation, in a store of its own.
//
// Vocabulary: a row is one record of one table; a Grant gives a user a role on
// a target (a project, a domain or the system); roles imply others; a Login
// becomes a Token, whose text is all that a client keeps; a Revocation ends
// tokens before their time.
//
// # Invariants
//
//   - A row in memory is never changed, only replaced; readers keep what they
//     got.
//   - A write is one Pebble batch with Sync, then memory; whoever sees it in
//     memory can rely on it after a crash. A store that failed once takes no
//     more writes.
//   - Roles are looked up when a token is validated, never taken from it. Every
//     write moves the generation on, and nothing validated before it is reused.
//   - Passwords are kept as hashes only: bcrypt, or what was imported until its
//     next login.
package identity
