// SPDX-License-Identifier: Apache-2.0

// Package staticweb shows containers as web sites: index pages, error pages and
// listings in HTML (swift/common/middleware/staticweb.py).
//
// The middleware handles GET and HEAD of containers and objects for anonymous
// senders, for holders of a temporary URL, and for known users with
// "X-Web-Mode: true". The settings are metadata of the container:
//
//	X-Container-Meta-Web-Index            "index.html": the object shown for a
//	                                      folder, if the folder has the object
//	X-Container-Meta-Web-Error            "error.html": 404error.html and
//	                                      401error.html are the bodies of errors
//	X-Container-Meta-Web-Listings         "true": folders without an index show as
//	                                      listings
//	X-Container-Meta-Web-Listings-Css     a style sheet in the container, or a URL
//	X-Container-Meta-Web-Listings-Label   the name of the container in listings
//	X-Container-Meta-Web-Directory-Type   objects of this type and of at most a
//	                                      byte are folders (application/directory)
//
// A container or a folder without a trailing slash is 301 to the URL with the
// slash. Without index and listings nothing changes, except that a container is
// 404 in web mode.
//
// # Rights
//
// Pages, listings and objects are read with the rights of the sender. An index
// without a right to read is an error, and no listing replaces the index. The
// settings alone are read without a right of the sender: for the root of the
// site always, for an object only if the object is missing or may stand for a
// folder.
//
// The links in a listing for a temporary URL with a prefix carry the signature.
// The listing links to the parent folder only below the prefix.
package staticweb

import (
	"needletail/objstore"
	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// source tags the subrequests in the access log, as in Swift.
const source = "SW"

// New returns the middleware. Containers are looked up in store.
func New(c Options, store objstore.ContainerStore) swift.Middleware {
	return func(next swift.Handler) swift.Handler {
		m := &middleware{Options: c, store: store, next: next}
		return swift.HandlerFunc(m.serve)
	}
}

type middleware struct {
	Options
	store objstore.ContainerStore
	next  swift.Handler
}

func (m *middleware) serve(r *swift.Request) (*web.Response, error) {
	path, err := r.SplitPath()
	switch {
	case err != nil || path.Container == "",
		r.Method != "GET" && r.Method != "HEAD",
		r.Source != "", // a feature asks for the object itself
		r.Identity != nil && !webMode(r):
		return m.next.Serve(r)
	}
	v := &visit{m: m, r: r, path: path}
	if path.Object == "" {
		return v.container()
	}
	return v.object()
}

// webMode reports whether a known user asks for the site.
func webMode(r *swift.Request) bool { return swift.IsTrue(r.Header.Get("X-Web-Mode")) }
