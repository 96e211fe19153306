// SPDX-License-Identifier: Apache-2.0

package web

import (
	"context"
	"io"
	"net/url"

	"needletail/auth"
)

// Request is a request from a client, or from a feature (a subrequest). It is
// not safe for concurrent use.
type Request struct {
	Method string
	// RawPath is the path as the client sent it, without the query. Path is
	// RawPath percent-decoded once, and never cleaned.
	RawPath, Path string
	RawQuery      string
	// Header has the request lines, with names in the form of TitleName. Once
	// gatekeeper has run, no line is left that a client may not set.
	Header Header
	// Host is the Host header; Scheme is "http" or "https".
	Host, Scheme string
	// RemoteAddr is the peer's IP address without the port.
	RemoteAddr string
	Proto      string // "HTTP/1.1"

	// Body is never nil. Read returns io.EOF only after the whole body has
	// arrived. Read of a body cut short fails with an error of status 499, of a
	// stalled body with 408. ContentLength is -1 for a chunked body, and
	// NoLength for a request without a body.
	Body          io.Reader
	ContentLength int64

	// TransID is the transaction id in every response.
	TransID string
	// BasePath is the prefix that a mount has cut from Path: "/identity".
	BasePath string

	// Identity is the sender of the request: nil for an anonymous sender. Only
	// authentication sets Identity.
	Identity *auth.Identity

	// Log has additions for the access log.
	Log LogInfo

	// OnGrant, if not nil, is called when the request is allowed. known is true
	// if the sender is a known user, and false if the request is allowed to
	// everybody.
	OnGrant func(known bool)

	// Left, if not nil, looks at once whether the client has left. The end of the
	// context tells the same, up to half a second later.
	Left func() bool

	ctx   context.Context
	held  *Held // nil: Hold takes nothing
	query url.Values
}

// LogInfo collects facts about a request for the access log.
type LogInfo struct {
	// Service is the name of the service that the request was passed to. "": the
	// front refused the request before any service saw it.
	Service       string
	Account, User string
	BodyBytesRead int64
	// Cause is the error behind a status of 500 or more, where a feature has
	// made an answer of the error.
	Cause error
	// Notes are remarks of features, Swift's log_info: "cs:valid".
	Notes []string
	// Line has the facts for a wing's own access log. Nil: the wing has no
	// access log.
	Line any
}

// NoLength is the ContentLength of a request without Content-Length and without
// Transfer-Encoding.
const NoLength = -2

// Context returns the request's context. The context ends when the client has
// left, and when the server is stopped hard.
func (r *Request) Context() context.Context {
	if r.ctx == nil {
		return context.Background()
	}
	return r.ctx
}

// SetContext replaces the context.
func (r *Request) SetContext(ctx context.Context) { r.ctx = ctx }

// Query returns the parsed query: '+' is a space, a key without '=' has the
// value "", and pairs with invalid escapes stay as they are. Callers only read
// the result.
func (r *Request) Query() url.Values {
	if r.query == nil && r.RawQuery != "" {
		r.query = parseQuery(r.RawQuery)
	}
	return r.query
}

// SetRawQuery replaces the query.
func (r *Request) SetRawQuery(raw string) { r.RawQuery, r.query = raw, nil }

// BaseURL returns "scheme://host" plus BasePath.
func (r *Request) BaseURL() string { return r.Scheme + "://" + r.Host + r.BasePath }

// Derive makes to a request for another path. The new request inherits the
// identity, the address, the transaction id, the context and the account of
// memory. It inherits no headers and no body.
func (r *Request) Derive(to *Request, method, path string) {
	*to = Request{
		Method: method, Path: path, RawPath: (&url.URL{Path: path}).EscapedPath(),
		Host: r.Host, Scheme: r.Scheme, RemoteAddr: r.RemoteAddr, Proto: r.Proto,
		Body: NoBody, ContentLength: NoLength,
		TransID: r.TransID, Identity: r.Identity, OnGrant: r.OnGrant,
		ctx: r.ctx, held: r.held,
	}
}

// Granted tells the front that the request is allowed: to a known user, or to
// everybody. Every wing calls Granted once it has authorized a request.
func (r *Request) Granted(known bool) {
	if known && r.held != nil {
		r.held.SetKnown()
	}
	if r.OnGrant != nil {
		r.OnGrant(known)
	}
}

// NoBody is an empty body.
var NoBody io.Reader = noBody{}

type noBody struct{}

func (noBody) Read([]byte) (int, error) { return 0, io.EOF }
