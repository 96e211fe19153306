// Package keystoneclient validates tokens at an external Keystone, as
// keystonemiddleware's auth_token does: it logs in as a service user and asks
// for each token once in a while. It reads limits there as oslo.limit does.
//
// Vocabulary: the subject is the token that is asked about; the service token
// is the client's own; an outage is a time in which Keystone does not answer
// or cannot say; a stale answer is one older than the cache's time.
//
// # Invariants
//
//   - A token is remembered under an HMAC with a key of this process, never as
//     it is. What is remembered is bounded in number and time.
//   - However many ask about one token at once, Keystone is asked once. The
//     question outlives whoever asked first.
//   - Only a 404 means that a token is invalid. What else is not a good answer
//     is an outage, and an error of type *Error.
//   - In an outage a stale answer is good for a while, an expired token never.
//     For a moment after a failure nothing is asked, so that a Keystone that
//     hangs does not take every request's time.
//   - No redirect is followed and no answer is read beyond a limit: tokens and
//     the service user's password go to the configured address alone.
//   - A user of its own may ask for limits; that one's refusal does not keep
//     tokens from being validated.
package keystoneclient
