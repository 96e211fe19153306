// SPDX-License-Identifier: Apache-2.0

// Package wire speaks the HTTP/1.1 of Swift's account, container and object
// servers: one request at a time over a net.Conn, with connections kept alive
// in a pool.
//
// # Vocabulary
//
// A node is a server at "ip:port". An exchange is one request and all its
// answers on one connection. An interim answer has a status of 1xx, a final
// answer any other. A Put is the exchange of an upload: the head goes out with
// "Expect: 100-continue", and the body follows once the node has said 100. A
// document is a part of a MIME body: the object's bytes, the footer with
// metadata that is known only after the bytes, and the commit.
//
// # Why not net/http
//
// An upload of an erasure-coded object is one request with two chunked bodies,
// and the node says 100 with header fields before each
// (swift/proxy/controllers/obj.py: MIMEPutter). The standard library's client
// hides interim answers from the sender of the body, and ends a request with
// its first chunked body.
//
// # Invariants
//
//   - A connection goes back to the pool only after an exchange that was sent
//     whole and answered whole. Any error, timeout, unread body or early answer
//     closes the connection.
//   - The end of a body is io.EOF only if the framing says so: a broken
//     connection never looks like the end of a body.
//   - Every wait has a deadline, and the end of the request's context closes
//     the connection at once.
//   - Every buffer, line, head and count is bounded (limits.go).
//   - Every error is an *Error with the node's address and device. No error
//     has the value of a header field.
package wire
