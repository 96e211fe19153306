// SPDX-License-Identifier: Apache-2.0

// Package verdict decides what the answers of a cluster's servers mean together.
// All functions are pure: no clock, no network, no state beside the arguments.
//
// Vocabulary:
//
//   - A quorum is how many servers must agree for an answer to count.
//   - Answers agree if their statuses lie in one class: 2xx, 3xx or 4xx. A 5xx
//     agrees with nothing.
//   - The best response is the answer that the client gets.
//   - A tombstone is what a server keeps of a deleted object. A 404 with
//     X-Backend-Timestamp has one; a 404 without knows nothing.
//   - An update is the row that an object server writes to a container server
//     for the proxy: in the container of the object, or in the queue of the
//     expirer.
//
// Invariants: without a quorum the verdict is 503, and what happened on single
// servers stays. An answer that was made up (a replaced status) never gives the
// client its headers.
package verdict
