// SPDX-License-Identifier: Apache-2.0

package symlink

import (
	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// walk is the way from a link to its end.
type walk struct {
	m *middleware
	// location is the path of the last target, percent-encoded; "" before the
	// first hop.
	location string
	// wantETag is the ETag that the last static link requires of its target; ""
	// for none.
	wantETag string
	hops     int
	// versioned: the first link is in a container with versions.
	versioned bool
}

const (
	versionIDHeader = "X-Object-Version-Id"
	// nullID is the version id of an object without a version.
	nullID = "null"
)

func (m *middleware) get(r *swift.Request) (*web.Response, error) {
	w := &walk{m: m}
	return w.follow(r, true)
}

// follow sends r, and where the answer is a link, goes on; where dynamic is
// false only over static links.
func (w *walk) follow(r *swift.Request, dynamic bool) (*web.Response, error) {
	for {
		res, err := w.m.next.Serve(r)
		if err != nil {
			return w.failed(err)
		}
		link, ok := swift.SymlinkOf(res.Header)
		if !ok || link.ETag == "" && !dynamic {
			return w.arrived(res)
		}
		found := link.ETag
		if found == "" {
			found = res.Header.Get("Etag")
		}
		if w.hops == 0 {
			w.versioned = res.Header.Has(versionIDHeader)
		}
		if err := res.Close(); err != nil {
			return nil, err
		}
		if w.wantETag != "" && w.wantETag != found {
			return nil, w.conflict("X-Symlink-Target-Etag headers do not match")
		}
		if r, err = w.hop(r, link); err != nil {
			return nil, err
		}
		dynamic = true
	}
}

// hop returns the request to the target of a link found by r.
func (w *walk) hop(r *swift.Request, link swift.Symlink) (*swift.Request, error) {
	if w.hops >= w.m.maxHops {
		return nil, web.Textf(409, "Too many levels of symbolic links, maximum allowed is %d", w.m.maxHops)
	}
	w.hops++
	at, err := r.SplitPath()
	if err != nil {
		return nil, err
	}
	path := link.Path(at.Version, at.Account)
	w.location, w.wantETag = web.Quote(path), link.ETag
	next := r.Subrequest(r.Method, path, source)
	next.Header = r.Header.Clone()
	return next, nil
}

// arrived checks the end of the way against the last static link.
func (w *walk) arrived(res *web.Response) (*web.Response, error) {
	if w.location == "" {
		return res, nil
	}
	if etag := res.Header.Get("Etag"); etag != "" && w.wantETag != "" && etag != w.wantETag {
		_ = res.Close() // the mismatch is the answer
		return nil, w.conflict("Object Etag '" + etag + "' does not match X-Symlink-Target-Etag header '" + w.wantETag + "'")
	}
	w.mark(res)
	return res, nil
}

// mark tells where the answer is from. A link in a container with versions makes
// an answer with a version id, even from a place without (object_versioning.py:
// ObjectContext.handle_request).
func (w *walk) mark(res *web.Response) {
	res.Header.Set("Content-Location", w.location)
	if w.versioned && !res.Header.Has(versionIDHeader) {
		res.Header.Set(versionIDHeader, nullID)
	}
}

// failed tells where the way ended.
func (w *walk) failed(err error) (*web.Response, error) {
	if w.location == "" {
		return nil, err
	}
	res := web.ErrorResponse(err)
	if res.Status >= 500 {
		return nil, err // whose cause is for the log
	}
	w.mark(res)
	return res, nil
}

func (w *walk) conflict(text string) error {
	return &web.StatusError{Status: 409, Body: text, ContentType: "text/plain", Header: web.Header{
		{Name: "Content-Location", Value: w.location},
	}}
}
