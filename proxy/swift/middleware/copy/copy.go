// SPDX-License-Identifier: Apache-2.0

// Package copy copies objects inside the server
// (swift/common/middleware/copy.py).
//
//	PUT /v1/ACCOUNT/CONTAINER/OBJECT   X-Copy-From: CONTAINER/OBJECT
//	                                   X-Copy-From-Account: ACCOUNT, if another
//	COPY /v1/ACCOUNT/CONTAINER/OBJECT  Destination: CONTAINER/OBJECT
//	                                   Destination-Account: ACCOUNT, if another
//
// The headers' values are percent-encoded; a '/' in front is allowed. The
// request has no body. The request becomes a GET of the source and a PUT of the
// target, each authorized by itself. The body of the GET is the body of the
// PUT: nothing is kept in between. The query goes to both; Range, If-Match and
// the other conditions go to the source alone.
//
// The target gets the source's metadata, sysmeta and stored headers, overridden
// by the request's own lines, and the source's Content-Type unless the request
// names a type. With X-Fresh-Metadata: true the target gets only sysmeta and
// the Content-Type of the source. The MD5 of a whole plain object is verified
// on the way.
//
// With multipart-manifest=get a manifest is copied as a manifest. Otherwise a
// large object becomes a plain object with the whole content.
//
// With heartbeat=on the answer is 202 at once. Its body has a space every ten
// seconds and in the end the answer of the PUT, as text/plain or
// application/json, by Accept. If the client goes, the copy stops.
//
// Otherwise a copy answers as the PUT does, with X-Copied-From,
// X-Copied-From-Account, X-Copied-From-Last-Modified, X-Copied-From-Version-Id
// and the metadata of the target. Errors:
//
//	400 a PUT has a body
//	412 a header that does not name an object, or an account with a '/'
//	413 the source is longer than an object may be, or of unknown length
//
// and the errors of GET and PUT. OPTIONS of an object says COPY besides.
package copy

import (
	"context"
	"errors"
	"strings"

	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// source tags the subrequests in the access log, as Swift does.
const source = "SSC"

// New makes the middleware; limits.FileBytes bounds the source.
func New(limits swift.Limits) swift.Middleware {
	return func(next swift.Handler) swift.Handler {
		m := &middleware{limits: limits, next: next}
		return swift.HandlerFunc(m.serve)
	}
}

type middleware struct {
	limits swift.Limits
	next   swift.Handler
}

func (m *middleware) serve(r *swift.Request) (*web.Response, error) {
	path, err := r.SplitPath()
	if err != nil || path.Object == "" {
		return m.next.Serve(r)
	}
	switch {
	case r.Method == "PUT" && r.Header.Get("X-Copy-From") != "":
		if err := r.RefuseBody(m.next, "Copy requests require a zero byte body"); err != nil {
			return nil, err
		}
		job, err := fromPut(r.Header, path)
		if err != nil {
			return nil, err
		}
		return m.copy(r, job)
	case r.Method == "COPY":
		// A body of COPY is not read: Swift turns COPY into a PUT of no length.
		job, err := fromCopy(r.Header, path)
		if err != nil {
			return nil, err
		}
		return m.copy(r, job)
	case r.Method == "OPTIONS":
		return m.options(r)
	}
	return m.next.Serve(r)
}

// options adds COPY to the methods of an object.
func (m *middleware) options(r *swift.Request) (*web.Response, error) {
	res, err := m.next.Serve(r)
	if err != nil || res.Status >= 300 {
		return res, err
	}
	for _, name := range []string{"Allow", "Access-Control-Allow-Methods"} {
		if v, ok := res.Header.Lookup(name); ok && !strings.Contains(v, "COPY") {
			res.Header.Set(name, v+", COPY")
		}
	}
	return res, nil
}

// copy gets the source and puts the target.
func (m *middleware) copy(r *swift.Request, job job) (*web.Response, error) {
	src, err := m.next.Serve(sourceRequest(r, job))
	if err != nil {
		return nil, err
	}
	if src.Status >= 300 {
		return src, nil
	}
	if src.ContentLength < 0 || src.ContentLength > m.limits.FileBytes {
		return nil, errors.Join(web.Status(413), src.Close())
	}
	put := targetRequest(r, job, src)
	if swift.IsTrue(r.Query().Get("heartbeat")) {
		return m.putWithHeartbeat(r, put, job, src), nil
	}
	defer src.Close()
	return m.put(put, job, src)
}

// put makes the target of the source.
func (m *middleware) put(put *swift.Request, job job, src *web.Response) (*web.Response, error) {
	res, err := m.next.Serve(put)
	if err != nil {
		return nil, err
	}
	if res.Status < 300 {
		addCopied(&res.Header, job, src, put)
	}
	return res, nil
}

// putWithHeartbeat is put with an answer of 202 before the copy is done.
func (m *middleware) putWithHeartbeat(r, put *swift.Request, job job, src *web.Response) *web.Response {
	contentType, err := web.BestAccept(r.Header.Get("Accept"), "text/plain", "application/json")
	if err != nil || contentType == "" {
		contentType = "text/plain"
	}
	body := startHeartbeat(r, func(ctx context.Context) *web.Response {
		defer src.Close()
		put.SetContext(ctx)
		put.Body = contextReader{ctx, put.Body}
		res, err := m.put(put, job, src)
		if err != nil {
			return web.ErrorResponse(err)
		}
		return res
	}, func(res *web.Response) []byte { return heartbeatResult(contentType, res, job) })
	return &web.Response{
		Status: 202, Header: web.Header{{Name: "Content-Type", Value: contentType}},
		Body: body, ContentLength: -1,
	}
}
