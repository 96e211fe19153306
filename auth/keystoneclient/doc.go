// SPDX-License-Identifier: Apache-2.0

// Package keystoneclient validates tokens at an external Keystone, as
// keystonemiddleware's auth_token does: the client logs in as a service user
// and asks about each token once in a while. The client also reads limits, as
// oslo.limit does.
//
// Vocabulary: the subject is the token in question; the service token is the
// client's own token; an outage is a time in which Keystone does not answer, or
// answers with an error; a stale answer is older than the cache's time.
//
// # Invariants
//
//   - A token is remembered under an HMAC with a key of this process, never in
//     clear. The memory is bounded in number and time.
//   - Many simultaneous questions about one token make one question to Keystone.
//     The question outlives the request that asked first.
//   - Only a 404 means that a token is invalid. Every further bad answer is an
//     outage, and an error of type *Error.
//   - In an outage a stale answer is good for a while, an expired token never.
//     For a moment after a failure the client asks nothing, so that a hanging
//     Keystone does not slow down every request.
//   - The client follows no redirect and reads no answer beyond a limit: tokens
//     and the service user's password go to the configured address alone.
//   - A second user may ask for limits. A refusal of the second user does not
//     stop the validation of tokens.
package keystoneclient
