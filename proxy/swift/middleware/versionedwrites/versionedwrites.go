// SPDX-License-Identifier: Apache-2.0

// Package versionedwrites copies the object that a write would replace to
// another container (swift/common/middleware/versioned_writes/legacy.py). A
// container's owner asks for versions with one of
//
//	X-Versions-Location: CONTAINER   stack mode
//	X-History-Location: CONTAINER    history mode
//
// on PUT or POST; the value is percent-encoded and without a '/'. Setting one
// of the two ends the other mode. An empty value, X-Remove-Versions-Location or
// X-Remove-History-Location ends both modes. GET and HEAD of the container show
// the setting.
//
// Vocabulary: the archive is the named container, of the same account. The
// current object has the name that clients use; a version is
//
//	LLLNAME/TIMESTAMP
//
// in the archive, LLL the length of NAME in bytes as three hex digits and
// TIMESTAMP the X-Timestamp of the version. A marker is an empty version of
// type application/x-deleted;swift_versions_deleted=1: there was no object
// then.
//
// In both modes a PUT of an object first copies the current object to the
// archive. A DELETE in stack mode puts the newest version in the current
// object's place and removes the version. Where the newest version is a marker,
// the DELETE removes the current object or, without an object, the marker and
// the version below. A DELETE in history mode copies the current object to the
// archive and puts a marker over it. A POST makes no version.
//
// Links are archived as links and manifests as manifests, with all metadata.
//
// # Invariants
//
//   - The write must be allowed over the current object's container before the
//     archive is touched. The archive asks for no right: the owner has named it,
//     and a client cannot choose the version.
//   - The copy is durable before the current object changes. If the copy fails,
//     the current object stays.
//
// Errors: 400 both modes at once; 412 a bad location, an archive that is
// missing or takes no copy, or any location where the feature is disabled; 503
// a copy that the server could not make.
package versionedwrites

import (
	"errors"
	"net/url"
	"strings"

	"needletail/objstore"
	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// source tags the subrequests in the access log, as Swift does.
const source = "VW"

const (
	versionsLocation = "X-Versions-Location"
	historyLocation  = "X-History-Location"
	removeVersions   = "X-Remove-Versions-Location"
	removeHistory    = "X-Remove-History-Location"
	locationSysmeta  = "X-Container-Sysmeta-Versions-Location"
	modeSysmeta      = "X-Container-Sysmeta-Versions-Mode"

	historyMode = "history"
	stackMode   = "stack"
)

// Lookup is where accounts and containers are found, and versions listed.
type Lookup interface {
	objstore.AccountStore
	objstore.ContainerStore
}

// New makes the middleware.
func New(o Options, store Lookup) swift.Middleware {
	return func(next swift.Handler) swift.Handler {
		m := &middleware{store: store, disabled: !o.AllowVersionedWrites, next: next}
		return swift.HandlerFunc(m.serve)
	}
}

type middleware struct {
	store    Lookup
	disabled bool
	next     swift.Handler
}

func (m *middleware) serve(r *swift.Request) (*web.Response, error) {
	path, err := r.SplitPath()
	switch {
	case err != nil || path.Container == "" || r.AuthorizeOnly:
		return m.next.Serve(r)
	case path.Object == "":
		return m.container(r)
	case (r.Method == "PUT" || r.Method == "DELETE") && !m.disabled:
		return m.write(r, path)
	}
	return m.next.Serve(r)
}

// write is a PUT or DELETE of an object.
func (m *middleware) write(r *swift.Request, path swift.Path) (*web.Response, error) {
	info, err := r.ContainerInfo(m.store, path.ContainerID())
	if errors.Is(err, objstore.KindNotFound) {
		return m.next.Serve(r)
	}
	if err != nil {
		return nil, err
	}
	archive, _, _ := strings.Cut(web.Unquote(info.Metadata.Get(locationSysmeta)), "/")
	if archive == "" {
		return m.next.Serve(r)
	}
	w := &versioned{m: m, r: r, path: path, archive: archive, container: info.Metadata}
	switch {
	case r.Method == "PUT":
		if _, err := w.archiveCurrent(); err != nil {
			return nil, err
		}
		return m.next.Serve(r)
	case info.Metadata.Get(modeSysmeta) == historyMode:
		return w.push()
	}
	return w.pop()
}

// versioned is a write in a container with an archive.
type versioned struct {
	m         *middleware
	r         *swift.Request
	path      swift.Path
	archive   string
	container objstore.Metadata // of the current object's container
}

// archived is the path of a name in the archive.
func (w *versioned) archived(name string) string {
	return "/" + w.path.Version + "/" + w.path.Account + "/" + w.archive + "/" + name
}

// authorize asks for the right of the write itself.
func (w *versioned) authorize() error {
	account, err := w.r.AccountInfo(w.m.store, objstore.AccountName(w.path.Account))
	if err != nil {
		return err
	}
	return w.r.AuthorizeWrite(w.path, account.Metadata, w.container)
}

// send is a subrequest on the server's own account.
func (w *versioned) send(method, path string) (*web.Response, error) {
	r := w.r.Preauthorized(method, path, source)
	if method == "GET" || method == "HEAD" {
		r.SetRawQuery(url.Values{"symlink": {"get"}}.Encode())
	}
	return w.m.next.Serve(r)
}

// drop closes a response needed for its status alone.
func drop(res *web.Response, err error) error {
	if err != nil {
		return refused(web.ErrorResponse(err).Status, err)
	}
	if err := res.Close(); err != nil {
		return err
	}
	return refused(res.Status, nil)
}

// refused returns nil for success, and else the answer for the client: 412
// where the archive is to blame, 503 where the server is to blame.
func refused(status int, cause error) error {
	switch status / 100 {
	case 2:
		return nil
	case 4:
		return &web.StatusError{Status: 412, Err: cause}
	}
	return &web.StatusError{Status: 503, Err: cause}
}

// isMissing says whether the answer is 404.
func isMissing(res *web.Response, err error) bool {
	if err != nil {
		return web.ErrorResponse(err).Status == 404
	}
	return res.Status == 404
}
