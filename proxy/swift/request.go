package swift

import (
	"context"

	"needletail/auth"
	"needletail/objstore"
	"needletail/proxy/web"
)

// Request is a request to Swift's API, from a client or from another feature (a
// subrequest): the request of the hall, and what Swift's features tell one
// another. A Request is not safe for concurrent use.
type Request struct {
	*web.Request

	// Source tags a subrequest ("COPY"); empty for a client's request.
	Source string
	// Authorizer answers for this request; nil denies. Only authentication
	// middleware sets it.
	Authorizer auth.Authorizer
	// Grant is what Authorize found last.
	Grant auth.Grant
	// AuthorizeOnly ends the request with 204 once it is authorized.
	AuthorizeOnly bool
	// Stored, if not nil, is where the object of Path is kept.
	Stored *Stored

	// EachObject, if not nil, takes the entries of the listing that a GET of a
	// container asks for, and the answer has no text: the way in which features
	// list a container with the rights of the sender. Marker, prefix, delimiter
	// and limit come from the query as ever. An entry belongs to EachObject for
	// the call only. An error ends the listing and is the error of the request.
	EachObject func(*objstore.ObjectEntry) error
	// AmendContainer, if not nil, changes the entries of the listing that a GET
	// of an account asks for, before they become text. Subdirs are left out. An
	// error ends the listing.
	AmendContainer func(*objstore.ContainerEntry) error

	// TrustContentType: a feature has set the Content-Type, which may have the
	// parameters that Swift keeps for itself.
	TrustContentType bool

	// InboundTimestamp is X-Timestamp as the client sent it: gatekeeper moves it
	// here, for nobody may believe it but who verified the client.
	InboundTimestamp string
	// Timestamp is when a peer's PUT or DELETE of an object was made, verified;
	// zero for everybody else's.
	Timestamp objstore.Timestamp

	// known has the look-ups of accounts and containers; subrequests share it.
	known *known

	// What SplitPath last made of splitPath.
	split      bool
	splitPath  string
	names      Path
	splitError error
}

// newRequest allocates both parts of a request at once.
func newRequest() *Request {
	both := new(struct {
		swift Request
		web   web.Request
	})
	both.swift.Request = &both.web
	return &both.swift
}

// Clone is a copy of r that shares its body, its header lines and its context.
func (r *Request) Clone() *Request {
	r.lookups() // the copy shares them
	c := newRequest()
	inner := c.Request
	*inner, *c = *r.Request, *r
	c.Request = inner
	return c
}

// Subrequest derives a request to another path that inherits who asks, where
// from and the transaction id, but neither headers nor body.
func (r *Request) Subrequest(method, path, source string) *Request {
	sub := newRequest()
	r.Derive(sub.Request, method, path)
	sub.Source, sub.Authorizer, sub.known = source, r.Authorizer, r.lookups()
	return sub
}

// WithContext is a Clone of r that ends with another context.
func (r *Request) WithContext(ctx context.Context) *Request {
	c := r.Clone()
	c.SetContext(ctx)
	return c
}
