// Package web is the hall of the proxy: what every service needs of HTTP and
// nothing that belongs to a single service. It has the request, the response
// with a lazy body, header lines, errors as statuses, ranges, conditions, dates,
// bodies of segments, and the account of the memory that requests hold. It
// stands where swift/common/swob.py stands in OpenStack Swift. It knows no HTTP
// library: proxy/httpfront builds a Request out of a connection and writes a
// Response to the connection.
//
// # Invariants
//
//   - Path is decoded once and never cleaned; names are its bytes.
//   - Checks that need no body come before the first Read of Request.Body: that
//     Read is what sends "100 Continue" to a client that waits for it.
//   - A Request and all that it holds belong to the handler until Serve
//     returns and the Response's body is closed.
//   - Whoever receives a Response closes it.
package web
