// SPDX-License-Identifier: Apache-2.0

// Package tempauth is Swift's simplest authentication: users with keys in the
// configuration, tokens in memory or in a cache that proxies share, accounts
// below reseller prefixes (swift/common/middleware/tempauth.py). The package
// knows no HTTP; the endpoints are in proxy/swift/middleware/tempauth.
//
// Vocabulary: a user is ACCOUNT:USER; a reseller prefix ("AUTH") makes the
// Swift account "AUTH_test" of the account "test"; a group is a name that ACLs
// match: the account, "account:user", the words of the user's line, and for
// ".admin" the Swift account under every prefix.
//
// # Invariants
//
//   - A key is compared in constant time, also for an unknown user. No error
//     and no printed form has a key or a token.
//   - A user has at most one live token, so the number of tokens is bounded. In
//     a shared cache two logins at once may make two; the cache forgets both.
//   - An identity of another source counts as anonymous.
//   - Groups of a service token count only where a prefix requires a group.
package tempauth
