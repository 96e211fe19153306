// SPDX-License-Identifier: Apache-2.0

// Package web is the hall of the proxy: the HTTP that all services need, and
// nothing of a single service. It has the request, the response with a lazy
// body, header lines, errors as statuses, ranges, conditions, dates, bodies of
// segments, and the account of the memory that requests hold. It has the role
// of swift/common/swob.py in OpenStack Swift. It knows no HTTP library:
// proxy/httpfront builds a Request out of a connection and writes a Response to
// the connection.
//
// # Invariants
//
//   - Path is decoded once and never cleaned. Its bytes are the names.
//   - Checks without a need for the body come before the first Read of
//     Request.Body: the first Read sends "100 Continue" to a waiting client.
//   - A Request and everything in it belong to the handler until Serve has
//     returned and the Response's body is closed.
//   - The receiver of a Response closes it.
package web
