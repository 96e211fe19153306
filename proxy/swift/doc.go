// Package swift is the vocabulary that every feature of the proxy shares: the
// request, the response with a lazy body, headers, errors as statuses, and the
// one question to the authorizer. It stands where swift/common/swob.py and
// request_helpers.py stand in OpenStack Swift. It knows no HTTP library:
// proxy/httpfront builds a Request out of a connection and writes a Response to
// it.
//
// # Invariants
//
//   - Path is decoded once and never cleaned; names are its bytes.
//   - Checks that need no body come before the first Read of Request.Body: that
//     Read is what sends "100 Continue" to a client that waits for it.
//   - A Request and all that it holds belong to the handler until Serve
//     returns and the Response's body is closed.
//   - Whoever receives a Response closes it.
package swift
