package web

import (
	"context"
	"io"
	"net/url"

	"needletail/auth"
)

// Request is one request, from a client or from another feature (a
// subrequest). It is not safe for concurrent use.
type Request struct {
	Method string
	// RawPath is the path as the client sent it, without the query. Path is
	// RawPath percent-decoded once; never cleaned.
	RawPath, Path string
	RawQuery      string
	// Header has request lines under names of TitleName's form. Lines that a
	// client may not set are gone once gatekeeper has run.
	Header Header
	// Host is the Host header; Scheme is "http" or "https".
	Host, Scheme string
	// RemoteAddr is the peer's IP address without the port.
	RemoteAddr string
	Proto      string // "HTTP/1.1"

	// Body is never nil. Read gives io.EOF only after a body that arrived whole;
	// a body cut short fails with an error whose status is 499, a stalled one
	// with 408. ContentLength is -1 for a chunked body, NoLength without any.
	Body          io.Reader
	ContentLength int64

	// TransID is the transaction id that every response carries.
	TransID string
	// BasePath is what a mount cut from the front of Path: "/identity".
	BasePath string

	// Identity is who sent the request: nil for anonymous. Only authentication
	// sets it.
	Identity *auth.Identity

	// Log is what the access log adds.
	Log LogInfo

	// OnGrant, if not nil, is told that the request is allowed; known says to a
	// user, and not to anybody.
	OnGrant func(known bool)

	ctx   context.Context
	held  *Held // nil: Hold takes nothing
	query url.Values
}

// LogInfo is filled on the way for the access log.
type LogInfo struct {
	Account, User string
	BodyBytesRead int64
	// Cause is why the answer has a status of 500 or more, where a feature made
	// an answer of an error.
	Cause error
	// Notes are remarks of features, Swift's log_info: "cs:valid".
	Notes []string
	// Line is what a wing's own access log needs besides; nil: the wing has none.
	Line any
}

// NoLength is the ContentLength of a request with neither Content-Length nor
// Transfer-Encoding.
const NoLength = -2

// Context ends when the client has left, and when the server is stopped hard.
func (r *Request) Context() context.Context {
	if r.ctx == nil {
		return context.Background()
	}
	return r.ctx
}

// SetContext replaces the context.
func (r *Request) SetContext(ctx context.Context) { r.ctx = ctx }

// Query is the parsed query: '+' is a space, a key without '=' has the value
// "", pairs that cannot be decoded are kept as they are. It is for reading.
func (r *Request) Query() url.Values {
	if r.query == nil && r.RawQuery != "" {
		r.query = parseQuery(r.RawQuery)
	}
	return r.query
}

// SetRawQuery replaces the query.
func (r *Request) SetRawQuery(raw string) { r.RawQuery, r.query = raw, nil }

// BaseURL is "scheme://host" plus BasePath.
func (r *Request) BaseURL() string { return r.Scheme + "://" + r.Host + r.BasePath }

// Derive makes a request to another path in place. The new request inherits who
// asks, where from, the transaction id, the context and the account of memory,
// but neither headers nor body.
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
// anybody. Every wing calls it once it has authorized a request.
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
