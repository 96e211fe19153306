// Package objectversioning keeps earlier objects of a container
// (swift/common/middleware/versioned_writes/object_versioning.py).
//
//	PUT or POST /v1/ACCOUNT/CONTAINER   X-Versions-Enabled: true or false
//
// switches versions on and off; GET and HEAD say X-Versions-Enabled: True or
// False. With versions on, each PUT of an object makes a version and each
// DELETE a delete marker, and both answer with X-Object-Version-Id. POST
// changes the current version. GET and HEAD show the current version, with its
// X-Object-Version-Id, or "null" for an object of the time without versions.
// X-Delete-At and X-Delete-After are about the name: the object goes at the
// given time, and its versions stay.
//
//	GET, HEAD ?version-id=ID   the version; a delete marker is 404
//	PUT ?version-id=ID         makes the version current; no body
//	DELETE ?version-id=ID      removes the version for good; if it was current,
//	                           no version is
//	DELETE ?version-id=null    removes the current object, without a marker
//	GET CONTAINER?versions     lists versions, as JSON: names ascending, the
//	                           newest version of a name first; version_marker
//	                           goes on from a version of marker's
//
// Reading, restoring and deleting a version by its id asks for the account's
// own rights. A container ACL gives no such right; Swift restores by the write
// ACL. A container's X-Container-Bytes-Used, its bytes in the account's listing
// and the account's bytes count all versions; object counts count names. DELETE
// of a container needs all versions to be gone.
//
// Vocabulary: the visible container is the container that clients name; its
// versions lie in a hidden container. A link is the row in the visible
// container that stands for the current version. A null object is a row there
// with a body of its own.
//
// # Invariants
//
//   - No path of a client leads to a hidden container.
//   - A stored answer stays true: a version is durable before a link goes to
//     it, a null object is copied among the versions before a link or marker
//     takes its place, and a link is removed before its version. A crash between
//     two steps leaves a version that is not current.
//   - The ids of a name's versions grow: the newest belongs to the last PUT or
//     DELETE to begin. Of two PUTs at once the later start is current.
//   - The rights of a request are asked over the path of the client, before a
//     byte is stored or an answer tells anything.
//
// Errors beside the errors of plain requests:
//
//	400 a bad version-id, a version-id of a container without versions, or
//	    with POST; X-Versions-Enabled together with the older kind of
//	    versioning or with container sync; a bad delimiter or version_marker
//	406 ?versions in another format than JSON
//	409 DELETE of a container that has versions
package objectversioning

import (
	"needletail/objstore"
	"needletail/proxy/pyjson"
	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// Config is what the middleware needs to know. Store is below the handler that
// it wraps: hidden containers are reached without a request.
type Config struct {
	Store    objstore.Store
	Policies objstore.Policies
	Limits   swift.Limits
	// Disabled is allow_object_versioning = false: nothing can be switched on, as
	// if no header asked for it. What has versions keeps making them until its
	// owner switches it off.
	Disabled bool
}

// Info is the section of /info.
func (c Config) Info() *swift.InfoSection {
	if c.Disabled {
		return nil
	}
	return &swift.InfoSection{Name: "object_versioning", Value: pyjson.Object{}}
}

// New makes the middleware; next must be the controllers over the same Store.
func New(c Config) swift.Middleware {
	return func(next swift.Handler) swift.Handler {
		m := &middleware{Config: c, next: next}
		return swift.HandlerFunc(m.serve)
	}
}

type middleware struct {
	Config
	next  swift.Handler
	clock objstore.Clock // of the version ids
	locks locks
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

func (m *middleware) object(r *swift.Request, path swift.Path) (*web.Response, error) {
	if r.Method == "OPTIONS" {
		return m.next.Serve(r)
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
