// SPDX-License-Identifier: Apache-2.0

// Package objectversioning keeps earlier versions of a container's objects
// (swift/common/middleware/versioned_writes/object_versioning.py).
//
//	PUT or POST /v1/ACCOUNT/CONTAINER   X-Versions-Enabled: true or false
//
// switches versions on and off. GET and HEAD say X-Versions-Enabled: True or
// False. While versions are on, each PUT of an object makes a version, each
// DELETE makes a delete marker, and the answer has X-Object-Version-Id. POST
// changes the current version. GET and HEAD show the current version with its
// X-Object-Version-Id. The id is "null" for an object from a time without
// versions, and for a name without an object. X-Delete-At and X-Delete-After concern the name: at the given time
// the object is gone, and the versions stay.
//
//	GET, HEAD ?version-id=ID   the version; a delete marker is 404
//	PUT ?version-id=ID         makes the version current; no body
//	DELETE ?version-id=ID      removes the version for good; after the current
//	                           version, no version is current
//	DELETE ?version-id=null    removes the current object, without a marker
//	GET CONTAINER?versions     lists versions, as JSON: names ascending, of
//	                           each the newest first; version_marker continues
//	                           after a version of marker's
//
// Reading, restoring and deleting a version by id needs the account's own
// rights. A container ACL is not enough, whereas Swift accepts the write ACL
// for restoring. A container's X-Container-Bytes-Used, its bytes in the
// account's listing and the account's bytes count all versions. Object counts
// count names. DELETE of a container fails while a version is left.
//
// Where versions lie, and what a link looks like, depends on the Store: see
// layout. Over a Store with Swift's layout an account's counters are Swift's:
// hidden containers and versions count as containers and objects. A hidden
// container without its visible container is listed under the visible name.
//
// Vocabulary: the visible container is the container that clients name. The
// hidden container has the versions of the visible container's objects. A link
// is the row in the visible container for the current version. A null object is
// a row in the visible container with a body of its own.
//
// # Invariants
//
//   - No path from a client leads to a hidden container.
//   - An acknowledged write stays stored. A version is durable before a link
//     leads to it, a null object is copied among the versions before a link
//     or a marker replaces the null object, and a link is removed before its
//     version. A crash between two steps leaves a version that is not
//     current.
//   - The ids of a name's versions grow: the newest id belongs to the PUT or
//     DELETE that began last. Of two concurrent PUTs, the PUT that began
//     later is current. With one proxy the locks of names see to that; several
//     proxies rely on the times of links, as Swift's do.
//   - The right is asked over the path that the client named, before a byte
//     is stored and before an answer tells anything.
//
// Errors besides the errors of plain requests:
//
//	400 a malformed version-id, a version-id in a container without versions or
//	    with POST; X-Versions-Enabled together with the older kind of versioning
//	    or with container sync; an invalid delimiter or version_marker
//	406 ?versions in another format than JSON
//	409 DELETE of a container that has versions
//	412 DELETE of a missing object, 500 PUT and every other DELETE: the hidden
//	    container is gone, over a Store with Swift's layout
package objectversioning

import (
	"needletail/objstore"
	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// Config has the settings of the middleware. Store is the Store below the
// handler that the middleware wraps: hidden containers are reached without a
// request.
type Config struct {
	Store    objstore.Store
	Policies objstore.Policies
	Limits   swift.Limits
	// Disabled is allow_object_versioning = false: a header that switches
	// versions on is ignored. Containers with versions keep making versions
	// until the owner switches them off.
	Disabled bool
}

// New returns the middleware. The next handler must end in controllers over the
// same Store.
func New(c Config) swift.Middleware {
	return func(next swift.Handler) swift.Handler {
		m := &middleware{Config: c, next: next, layout: layoutOf(c.Store), atOnce: c.Store.Guarantees().ListedAtOnce}
		return swift.HandlerFunc(m.serve)
	}
}

type middleware struct {
	Config
	next   swift.Handler
	layout layout
	// atOnce: a listing has every version. Otherwise the times of the writes
	// alone decide which version is the newest.
	atOnce bool
	clock  objstore.Clock // of the version ids
	locks  locks
}

func (m *middleware) serve(r *swift.Request) (*web.Response, error) {
	path, err := r.SplitPath()
	if err != nil || r.AuthorizeOnly {
		return m.next.Serve(r)
	}
	writes := r.Method == "PUT" || r.Method == "POST" || r.Method == "DELETE"
	switch {
	case path.Object != "":
		res, err := m.object(r, path)
		if writes {
			r.ForgetUsage() // the hidden container has changed too
		}
		return res, err
	case writes:
		defer r.ForgetInfo() // the hidden account or container has changed too
	}
	if path.Container == "" {
		return m.account(r, path)
	}
	return m.container(r, path)
}

// object answers requests for an object.
func (m *middleware) object(r *swift.Request, path swift.Path) (*web.Response, error) {
	if r.Method == "OPTIONS" {
		return m.options(r, path)
	}
	if id := r.Query().Get("version-id"); id != "" {
		return m.ofVersion(r, path, id)
	}
	switch r.Method {
	case "GET", "HEAD":
		return m.get(r, path)
	case "PUT":
		return m.put(r, path)
	case "POST":
		return m.post(r, path)
	case "DELETE":
		return m.delete(r, path)
	}
	return m.next.Serve(r)
}
