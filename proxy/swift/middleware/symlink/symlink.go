// SPDX-License-Identifier: Apache-2.0

// Package symlink lets an object stand for another
// (swift/common/middleware/symlink.py).
//
//	PUT /v1/ACCOUNT/CONTAINER/LINK   X-Symlink-Target: CONTAINER/OBJECT
//	                                 X-Symlink-Target-Account: ACCOUNT, if another
//	                                 X-Symlink-Target-Etag: MD5, for a static link
//
// The values are percent-encoded; the request has no body. GET and HEAD of a
// link answer as its target does, with Content-Location: PATH OF THE TARGET,
// errors included. With symlink=get they answer for the link itself, with the
// three headers and X-Symlink-Target-Bytes. DELETE and PUT are about the link.
// A POST changes the link and then answers 307 with the target's path as
// Location. The container's listing, as JSON, has symlink_path, and for a
// static link symlink_etag and symlink_bytes.
//
// Vocabulary: a dynamic link leads to any object at its target. A static link
// leads only to content with the stated ETag. A hop is the step from a link to
// its target.
//
// # Invariants
//
//   - Each hop is authorized with the rights of the client.
//   - The number of hops is bounded.
//
// Errors of PUT:
//
//	400 a body; a link to itself; an ETag with ';', '"' or '\'
//	409 a static link whose target is missing or has another ETag
//	412 a header that does not name an object, or an account with a '/'
//
// of GET and HEAD: 409 for more than symloop_max hops, and for a static link
// whose target has changed; of POST: 400 with X-Symlink-Target.
package symlink

import (
	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// source tags the subrequests in the access log, as Swift does.
const source = "SYM"

// New makes the middleware.
func New(c Options) swift.Middleware {
	return func(next swift.Handler) swift.Handler {
		m := &middleware{maxHops: c.maxHops(), next: next}
		return swift.HandlerFunc(m.serve)
	}
}

type middleware struct {
	maxHops int
	next    swift.Handler
}

func (m *middleware) serve(r *swift.Request) (*web.Response, error) {
	switch r.Method {
	case "GET", "HEAD", "PUT", "POST":
	default:
		return m.next.Serve(r)
	}
	path, err := r.SplitPath()
	if err != nil || path.Object == "" || r.AuthorizeOnly {
		return m.next.Serve(r)
	}
	switch {
	case r.Method == "POST":
		return m.post(r, path)
	case r.Method == "PUT" && r.Header.Has(targetHeader):
		return m.put(r, path)
	case r.Method == "PUT":
		return m.next.Serve(r)
	case r.Query().Get("symlink") == "get":
		return m.getLink(r)
	}
	return m.get(r)
}

// getLink shows the link itself.
func (m *middleware) getLink(r *swift.Request) (*web.Response, error) {
	res, err := m.next.Serve(r)
	if err != nil {
		return nil, err
	}
	for i, f := range res.Header {
		if rest, ok := web.CutPrefix(f.Name, "X-Object-Sysmeta-Symlink-Target"); ok {
			res.Header[i].Name = targetHeader + rest
		}
	}
	return res, nil
}

// post tells a client that the POST has changed a link.
func (m *middleware) post(r *swift.Request, path swift.Path) (*web.Response, error) {
	if r.Header.Has(targetHeader) {
		return nil, web.Textf(400, "A PUT request is required to set a symlink target")
	}
	res, err := m.next.Serve(r)
	if err != nil || res.Status/100 != 2 {
		return res, err
	}
	link, ok := swift.SymlinkOf(res.Header)
	if !ok {
		return res, nil
	}
	if err := res.Close(); err != nil {
		return nil, err
	}
	page := web.NewBytes(307, web.HTMLType, []byte("The requested POST was applied to a symlink. POST "+
		"directly to the target to apply requested metadata."))
	page.Header.Add("Location", web.Quote(link.Path(path.Version, path.Account)))
	if link.ETag != "" {
		page.Header.Add(etagHeader, link.ETag)
	}
	// Features in front see the same lines as in a 2xx.
	for _, f := range res.Header {
		if _, ok := web.CutPrefix(f.Name, swift.ObjectResource.SystemPrefix()); ok {
			page.Header.Add(f.Name, f.Value)
		}
	}
	return page, nil
}
