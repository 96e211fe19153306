// SPDX-License-Identifier: Apache-2.0

// Package dlo serves dynamic large objects. An object with
//
//	X-Object-Manifest: CONTAINER/PREFIX   (percent-encoded)
//
// has the content of all objects of the container with the prefix, in the order
// of the listing (swift/common/middleware/dlo.py). The manifest's own body is
// shown only with multipart-manifest=get.
//
// Vocabulary: the manifest is the object with the header. The segments are the
// objects in the container with the prefix.
//
// # Invariants
//
//   - The container is listed, and each segment read, with the rights of the
//     sender: the right to read the manifest is no right over the segments.
//   - A request holds a single page of the listing and a single open segment.
//   - A body has the length promised in the response, or ends with an error.
//
// A manifest with a full page of segments or more has no known length. The
// answer has no length and the manifest's own ETag, and Range is ignored.
package dlo

import (
	"strings"

	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// source tags the subrequests in the access log, as in Swift.
const source = "DLO"

const manifestHeader = "X-Object-Manifest"

// New returns the middleware. limits.ContainerListing is the length of a page.
func New(limits swift.Limits) swift.Middleware {
	return func(next swift.Handler) swift.Handler {
		m := &middleware{pageEntries: limits.ContainerListing, next: next}
		return swift.HandlerFunc(m.serve)
	}
}

type middleware struct {
	pageEntries int
	next        swift.Handler
}

func (m *middleware) serve(r *swift.Request) (*web.Response, error) {
	path, err := r.SplitPath()
	if err != nil || path.Object == "" {
		return m.next.Serve(r)
	}
	switch r.Method {
	case "PUT", "POST":
		if v, ok := r.Header.Lookup(manifestHeader); ok {
			if err := check(r.Method, v); err != nil {
				return nil, err
			}
		}
	case "GET", "HEAD":
		if r.Query().Get("multipart-manifest") != "get" {
			return m.get(r, path)
		}
	}
	return m.next.Serve(r)
}

// check refuses a manifest without the form CONTAINER/PREFIX, in a PUT only, as
// Swift does. A manifest with a container or a prefix that is not UTF-8, or has
// a NUL, is refused in a POST too: no container and no object has such a name,
// and nobody could read the manifest.
func check(method, value string) error {
	if method == "PUT" && !validManifest(value) {
		return web.Statusf(400, "X-Object-Manifest must be in the format container/prefix")
	}
	if container, prefix, ok := parseManifest(value); ok && !readable(container, prefix) {
		return web.Statusf(400, "X-Object-Manifest must be UTF-8 without NUL")
	}
	return nil
}

// parseManifest returns the container and the prefix of a manifest's value. ok
// is false for a value without a slash or without a container: the object is no
// manifest.
func parseManifest(value string) (container, prefix string, ok bool) {
	container, prefix, ok = strings.Cut(web.Unquote(value), "/")
	return container, prefix, ok && container != ""
}

// readable reports whether a container and an object may have the names.
func readable(container, prefix string) bool {
	return swift.ValidText(container) && swift.ValidText(prefix)
}

// validManifest checks the form of the value as sent, still encoded.
func validManifest(value string) bool {
	container, prefix, _ := strings.Cut(value, "/")
	return container != "" && prefix != "" && !strings.HasPrefix(prefix, "/") && !strings.ContainsAny(value, "?&")
}

// get answers GET and HEAD. An object without a manifest header is passed on.
// The response has the manifest header whatever the conditions and ranges of
// the request.
func (m *middleware) get(r *swift.Request, path swift.Path) (*web.Response, error) {
	res, err := m.next.Serve(r)
	if err != nil {
		return nil, err
	}
	container, prefix, ok := parseManifest(res.Header.Get(manifestHeader))
	// An unreadable manifest may have been stored before check existed. HEAD shows
	// the object itself, for the owner to find and delete.
	if !ok || r.Method == "HEAD" && !readable(container, prefix) {
		return res, nil
	}
	if err := res.Close(); err != nil {
		return nil, err
	}
	if res.Status != 200 {
		head := r.Subrequest("HEAD", r.Path, source)
		copyHeaders(head, r, "Referer", "Origin")
		if res, err = m.next.Serve(head); err != nil {
			return nil, err
		}
	}
	path.Container, path.Object = container, ""
	segments := &segments{m: m, r: r, path: path, prefix: prefix}
	if other, err := segments.nextPage(); other != nil || err != nil {
		return other, err
	}
	return m.content(r, res.Header, segments)
}

// copyHeaders copies the named lines that from has.
func copyHeaders(to, from *swift.Request, names ...string) {
	for _, name := range names {
		if v, ok := from.Header.Lookup(name); ok {
			to.Header.Set(name, v)
		}
	}
}
