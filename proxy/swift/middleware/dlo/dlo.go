// Package dlo serves dynamic large objects: the content of an object with
//
//	X-Object-Manifest: CONTAINER/PREFIX   (percent-encoded)
//
// is that of all objects of the container whose names begin with the prefix, in
// the order of its listing (swift/common/middleware/dlo.py). The manifest's own
// body shows with multipart-manifest=get alone.
//
// Vocabulary: the manifest is the object with the header; the segments are the
// objects that it points to.
//
// # Invariants
//
//   - The container is listed, and each segment read, as whoever asks: who may
//     read the manifest gains no right over its segments.
//   - What is held at once is one page of the listing and one open segment.
//   - A body gives the length that the response promised, or an error.
//
// A manifest of a page of segments or more has no known length: it is sent
// without one, under the manifest's own ETag, and Range is ignored.
package dlo

import (
	"strings"

	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// source tags the subrequests in the access log, as Swift does.
const source = "DLO"

const manifestHeader = "X-Object-Manifest"

// New makes the middleware; limits.ContainerListing is the length of a page.
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

// check refuses a manifest that has not the right form, if it is a PUT's as in
// Swift, and one that could never be read: no segment has such a name.
func check(method, value string) error {
	if method == "PUT" && !validManifest(value) {
		return web.Statusf(400, "X-Object-Manifest must be in the format container/prefix")
	}
	if container, prefix, ok := parseManifest(value); ok && !readable(container, prefix) {
		return web.Statusf(400, "X-Object-Manifest must be UTF-8 without NUL")
	}
	return nil
}

// parseManifest is what a reader takes the value for; not ok is no manifest.
func parseManifest(value string) (container, prefix string, ok bool) {
	container, prefix, ok = strings.Cut(web.Unquote(value), "/")
	return container, prefix, ok && container != ""
}

// readable says whether any container and object may have such names.
func readable(container, prefix string) bool {
	return swift.ValidText(container) && swift.ValidText(prefix)
}

// validManifest looks at the value as it was sent, still encoded.
func validManifest(value string) bool {
	container, prefix, _ := strings.Cut(value, "/")
	return container != "" && prefix != "" && !strings.HasPrefix(prefix, "/") && !strings.ContainsAny(value, "?&")
}

// get passes on what is no manifest. A manifest answers with its header
// whatever the conditions and ranges of the request made of it.
func (m *middleware) get(r *swift.Request, path swift.Path) (*web.Response, error) {
	res, err := m.next.Serve(r)
	if err != nil {
		return nil, err
	}
	container, prefix, ok := parseManifest(res.Header.Get(manifestHeader))
	if !ok || r.Method == "HEAD" && !readable(container, prefix) { // kept since before check: it can be found and deleted
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

func copyHeaders(to, from *swift.Request, names ...string) {
	for _, name := range names {
		if v, ok := from.Header.Lookup(name); ok {
			to.Header.Set(name, v)
		}
	}
}
