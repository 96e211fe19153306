// SPDX-License-Identifier: Apache-2.0

// Package httpfront reads HTTP/1.x requests from sockets, gives each request to
// a web.Handler and writes the Response. It is the only package that imports
// fasthttp's server.
//
// # Vocabulary
//
// fasthttp is the engine: it owns the accept loop, the pool of goroutines and
// the shutdown. The gate (type conn) stands between the engine and the socket.
// The gate reads and judges the head of each request, and keeps the head as an
// exchange. In place of a connection's first head, the gate shows the engine a
// constant head without a body (engineHead). The engine then calls the server,
// and the server serves all requests of the connection. The output of the
// engine never reaches the wire.
//
// The gate exists because fasthttp's streaming mode, right for many servers, is
// wrong for a store: a body that was cut short ends with io.EOF, an unread body
// can become the next request, a single deadline covers head and body, bytes of
// the body are awaited before the handler may refuse the body, trailers become
// headers, and malformed requests are answered without a transaction id. Each
// of these facts has a test here, with bare fasthttp as a control where
// fasthttp still fails.
//
// # Invariants
//
//   - Request.Body returns io.EOF only after the whole body has arrived.
//   - A byte of a body is never parsed as a request: the body is read to the
//     end or the connection closes.
//   - Every request with at least a byte gets a single response with
//     X-Trans-Id, X-Openstack-Request-Id and Date, and a single call of
//     Options.OnDone, unless the client left first.
//   - A client without progress is dropped. A client with progress is not.
//   - No log line and no error text has a header value.
package httpfront
