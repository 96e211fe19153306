// Package httpfront takes HTTP/1.x requests off sockets, gives each to one
// swift.Handler and writes its Response. It is the only package that imports
// fasthttp's server.
//
// # Vocabulary
//
// fasthttp is the engine: it owns the accept loop, the pool of goroutines and
// the shutdown. The gate (type conn) stands between the engine and the socket.
// It reads and judges the head of each request, and keeps it as an exchange. In
// place of a connection's first head it shows the engine a constant one without
// a body (engineHead); the engine then calls the server, which serves that
// request and all that follow it. What the engine writes never reaches the wire.
//
// The gate exists because fasthttp's streaming mode, right for many servers,
// is wrong for a store: a body that was cut short ends with io.EOF, an unread
// body can become the next request, one deadline covers head and body, bytes
// of the body are awaited before the handler may refuse it, trailers become
// headers, and malformed requests are answered without a transaction id. Each
// is a test here, with a control against bare fasthttp where it still fails.
//
// # Invariants
//
//   - Request.Body gives io.EOF only after a body that arrived whole.
//   - A byte of a body is never parsed as a request: the body is read to its
//     end or the connection closes.
//   - Every request that began with a byte gets one response with X-Trans-Id,
//     X-Openstack-Request-Id and Date, and one call of Options.OnDone, unless
//     the client left first.
//   - A client that makes no progress is dropped; one that does is not.
//   - No log line and no error text holds a header value.
package httpfront
