// Package tempauth is Swift's simplest authentication: users with keys in the
// configuration, tokens in memory, accounts that belong to reseller prefixes
// (swift/common/middleware/tempauth.py). It knows no HTTP; the endpoints are
// proxy/swift/middleware/tempauth.
//
// Vocabulary: a user is ACCOUNT:USER; a reseller prefix ("AUTH") makes account
// "test" the Swift account "AUTH_test"; a group is what ACLs match: the
// account, "account:user", the words of the user's line, and for ".admin" the
// Swift account under every prefix.
//
// # Invariants
//
//   - A key is compared in constant time, and for a user that does not exist
//     as well; neither keys nor tokens are in any error or printed form.
//   - There is at most one live token per user, so tokens need no other bound.
//   - An identity of another source is treated as anonymous.
//   - Groups of a service token count only where a prefix requires a group.
package tempauth
