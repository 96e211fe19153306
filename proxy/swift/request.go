// SPDX-License-Identifier: Apache-2.0

package swift

import (
	"context"

	"needletail/auth"
	"needletail/objstore"
	"needletail/proxy/web"
)

// Request is a request to Swift's API from a client, or from a feature (a
// subrequest): the request of the hall, with fields by which Swift's features
// inform each other. A Request is not safe for concurrent use.
type Request struct {
	*web.Request

	// Source tags a subrequest ("COPY"); empty for a client's request.
	Source string
	// Authorizer decides for this request. A nil Authorizer denies. Only
	// authentication middleware sets it.
	Authorizer auth.Authorizer
	// Grant is the last result of Authorize.
	Grant auth.Grant
	// AuthorizeOnly ends the request with 204 once it is authorized.
	AuthorizeOnly bool
	// Stored, if not nil, is the place of the object of Path.
	Stored *Stored

	// EachObject, if not nil, takes the entries of the listing for a GET of a
	// container, and the answer has no text. Features list containers in this
	// way, with the rights of the sender. Marker, prefix, delimiter and limit
	// come from the query as ever. An entry belongs to EachObject for the call
	// only. An error ends the listing and is the error of the request.
	EachObject func(*objstore.ObjectEntry) error
	// AmendContainer, if not nil, changes the entries of the listing for a GET
	// of an account, before they become text. Subdirs are left out. An error
	// ends the listing.
	AmendContainer func(*objstore.ContainerEntry) error
	// JoinContainers joins the listing for a GET of an account. The entries are in
	// the order of the listing, within its marker, prefix and end, and no subdirs.
	// The bytes of an entry are added to the listed entry of the same name; an
	// entry without a counterpart is listed too.
	JoinContainers []objstore.ContainerEntry
	// AmendObject, if not nil, changes the entries of the listing for a GET of a
	// container, before they become text or go to EachObject.
	AmendObject func(*objstore.ObjectEntry)

	// TrustContentType: the Content-Type is from a feature, and may have the
	// parameters that Swift keeps for itself.
	TrustContentType bool

	// InboundTimestamp is X-Timestamp as sent by the client. gatekeeper moves
	// the value here: only a feature that has verified the client may use the
	// value.
	InboundTimestamp string
	// Timestamp is the verified time of a peer's PUT or DELETE of an object. It
	// is zero for requests of all clients but peers.
	Timestamp objstore.Timestamp

	// Repeats: the request repeats a write of another cluster, which container
	// sync has verified. Manifests and links are stored as they are: what they
	// name may come later, or never.
	Repeats bool

	// known has the look-ups of accounts and containers; subrequests share it.
	known *known

	// The last result of SplitPath, for splitPath.
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

// Clone returns a copy of r with the same body, header lines and context.
func (r *Request) Clone() *Request {
	r.lookups() // the copy shares them
	c := newRequest()
	inner := c.Request
	*inner, *c = *r.Request, *r
	c.Request = inner
	return c
}

// Subrequest returns a request for another path. It inherits the identity, the
// address, the authorizer and the transaction id, but no headers and no body.
func (r *Request) Subrequest(method, path, source string) *Request {
	sub := newRequest()
	r.Derive(sub.Request, method, path)
	sub.Source, sub.Authorizer, sub.known = source, r.Authorizer, r.lookups()
	return sub
}

// WithContext returns a Clone of r with another context.
func (r *Request) WithContext(ctx context.Context) *Request {
	c := r.Clone()
	c.SetContext(ctx)
	return c
}
