// SPDX-License-Identifier: Apache-2.0

package web

// Handler answers a request. A handler that returns an error returns no
// response: ErrorResponse renders every error, in a single place.
type Handler interface {
	Serve(*Request) (*Response, error)
}

// HandlerFunc is a function as a Handler.
type HandlerFunc func(*Request) (*Response, error)

// Serve calls f.
func (f HandlerFunc) Serve(r *Request) (*Response, error) { return f(r) }
