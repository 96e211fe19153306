// SPDX-License-Identifier: Apache-2.0

package swift

import (
	"needletail/proxy/web"
)

// Handler answers a request to Swift's API, as a web.Handler does.
type Handler interface {
	Serve(*Request) (*web.Response, error)
}

// HandlerFunc is a function as a Handler.
type HandlerFunc func(*Request) (*web.Response, error)

// Serve calls f.
func (f HandlerFunc) Serve(r *Request) (*web.Response, error) { return f(r) }

// Middleware wraps a handler with a feature.
type Middleware func(next Handler) Handler

// Door returns the web.Handler of a pipeline.
func Door(h Handler) web.Handler {
	return web.HandlerFunc(func(r *web.Request) (*web.Response, error) {
		both := new(struct { // a single allocation
			request Request
			known   known
		})
		both.request.Request, both.request.known = r, &both.known
		return h.Serve(&both.request)
	})
}
