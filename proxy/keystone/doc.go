// SPDX-License-Identifier: Apache-2.0

// Package keystone speaks the Identity API v3 over auth/identity, as Keystone
// 22 does: same paths, JSON keys and their order, messages and headers.
//
// Vocabulary: a route is a method and a path pattern with the rule that guards
// the route; a call is a request on a route; the caller is the token in
// X-Auth-Token; the subject is the token in X-Subject-Token.
//
// # Invariants
//
//   - A path outside of the table of routes is 404. A route without a rule stops
//     the start.
//   - 401 is for a missing or invalid token alone; a valid token without the
//     right is 403.
//   - The rule is asked before a handler runs and before a body is read.
//   - A change of a row happens under the store's lock, on the row as the row is
//     then (patch): concurrent changes of different members all stay.
package keystone
