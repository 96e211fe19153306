// Package keystone speaks the Identity API v3 over auth/identity, as Keystone
// 22 does: same paths, JSON keys and their order, messages and headers.
//
// Vocabulary: a route is a method and a path pattern with the rule that guards
// it; a call is one request on a route; the caller is who its X-Auth-Token
// stands for; the subject is who its X-Subject-Token stands for.
//
// # Invariants
//
//   - What is not in the table of routes does not exist, and a route without a
//     rule is refused when the table is built.
//   - 401 is for a missing or invalid token alone; a valid one that may not is
//     403.
//   - The rule is asked before a handler runs and before a body is read.
package keystone
