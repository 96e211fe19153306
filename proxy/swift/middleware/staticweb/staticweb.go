// Package staticweb shows containers as web sites: index pages, error pages and
// listings in HTML (swift/common/middleware/staticweb.py).
//
// It looks at GET and HEAD of containers and objects by the anonymous, by
// holders of a temporary URL, and by others who send "X-Web-Mode: true". What
// it does is the container's metadata:
//
//	X-Container-Meta-Web-Index            "index.html": the object that stands for
//	                                      a folder that has it
//	X-Container-Meta-Web-Error            "error.html": 404error.html and
//	                                      401error.html are the bodies of errors
//	X-Container-Meta-Web-Listings         "true": other folders show as listings
//	X-Container-Meta-Web-Listings-Css     a style sheet in the container, or a URL
//	X-Container-Meta-Web-Listings-Label   what listings call the container
//	X-Container-Meta-Web-Directory-Type   objects of this type and at most one
//	                                      byte are folders (application/directory)
//
// A container or a folder without its slash is 301 to the URL with it. Without
// index and listings nothing changes, but that a container is 404 in web mode.
//
// # Rights
//
// Pages, listings and objects are read as whoever asks; an index that may not
// be read is no listing instead. The metadata alone is read on the container's
// own account, and only once an answer was refused or not found.
//
// A listing through a temporary URL with a prefix carries the signature in its
// links, and leads to the parent folder only below that prefix.
package staticweb

import (
	"needletail/objstore"
	"needletail/proxy/pyjson"
	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// source tags the subrequests in the access log, as Swift does.
const source = "SW"

// Config says how listings look.
type Config struct {
	// DotSlashLinks lets every link begin with "./", as in Swift since 2.31.
	// Without it a link is the bare name, as before, but where it would lead
	// elsewhere or carries the query of a temporary URL.
	DotSlashLinks bool
}

// New makes the middleware; containers are looked up in store.
func New(c Config, store objstore.ContainerStore) swift.Middleware {
	return func(next swift.Handler) swift.Handler {
		m := &middleware{Config: c, store: store, next: next}
		return swift.HandlerFunc(m.serve)
	}
}

type middleware struct {
	Config
	store objstore.ContainerStore
	next  swift.Handler
}

// Info is the middleware's section of /info.
func Info() *swift.InfoSection {
	return &swift.InfoSection{Name: "staticweb", Value: pyjson.Object{}}
}

func (m *middleware) serve(r *swift.Request) (*web.Response, error) {
	path, err := r.SplitPath()
	switch {
	case err != nil || path.Container == "",
		r.Method != "GET" && r.Method != "HEAD",
		r.Source != "", // another feature wants what is really there
		r.Identity != nil && !webMode(r):
		return m.next.Serve(r)
	}
	v := &visit{m: m, r: r, path: path}
	if path.Object == "" {
		return v.container()
	}
	return v.object()
}

func webMode(r *swift.Request) bool { return swift.IsTrue(r.Header.Get("X-Web-Mode")) }
