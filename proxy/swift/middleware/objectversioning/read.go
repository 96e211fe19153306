// SPDX-License-Identifier: Apache-2.0

package objectversioning

import (
	"errors"
	"strconv"
	"strings"

	"needletail/objstore"
	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// maxLinkReads bounds the retries of a GET. A version can be deleted between
// the reading of its link and the reading of the version.
const maxLinkReads = 4

// get answers with the current version. A plain object costs no look-up before
// the read.
func (m *middleware) get(r *swift.Request, path swift.Path) (*web.Response, error) {
	for i := 1; ; i++ {
		res, err := m.next.Serve(r)
		if err != nil {
			return nil, m.markNullError(r, path, err)
		}
		id := m.layout.linkOf(res.Header, objectID(path))
		if id == 0 {
			return res, m.markNull(r, path, res)
		}
		if err := res.Close(); err != nil {
			return nil, err
		}
		version := r.Clone()
		version.Stored = &swift.Stored{Object: m.nameOf(path).version(id)}
		found, err := m.next.Serve(version)
		if missing(err) && i < maxLinkReads {
			continue
		}
		if err != nil {
			return nil, web.WithHeader(err, versionLines(path, id)...)
		}
		if _, isLink := swift.SymlinkOf(found.Header); r.Query().Get("symlink") == "get" && !isLink {
			return showLink(res, found, path, id)
		}
		for _, line := range versionLines(path, id) {
			found.Header.Set(line.Name, line.Value)
		}
		return found, nil
	}
}

// versionLines are the lines of an answer about a version that is current.
func versionLines(path swift.Path, id objstore.Timestamp) web.Header {
	return web.Header{{Name: versionIDHeader, Value: id.String()}, {Name: "Content-Location", Value: versionPath(path, id)}}
}

// options answers OPTIONS, with the version id that Swift answers with.
func (m *middleware) options(r *swift.Request, path swift.Path) (*web.Response, error) {
	res, err := m.next.Serve(r)
	if err != nil {
		return nil, m.markNullError(r, path, err)
	}
	return res, m.markNull(r, path, res)
}

// markNull sets the version id "null" on the answer about a plain object in a
// container with versions, whatever the status is (object_versioning.py:
// ObjectContext.handle_request).
func (m *middleware) markNull(r *swift.Request, path swift.Path, res *web.Response) error {
	v, err := m.find(r, path)
	if err != nil {
		return errors.Join(err, res.Close())
	}
	if v != nil {
		res.Header.Set(versionIDHeader, nullID)
	}
	return nil
}

// markNullError is markNull of an answer that is an error, such as the 404 of a
// name whose newest version is a delete marker.
func (m *middleware) markNullError(r *swift.Request, path swift.Path, failure error) error {
	if v, err := m.find(r, path); err != nil || v == nil {
		return failure // the first failure is the answer
	}
	return web.WithHeader(failure, web.HeaderField{Name: versionIDHeader, Value: nullID})
}

// showLink answers symlink=get with the link itself, in Swift's form.
func showLink(link, version *web.Response, path swift.Path, id objstore.Timestamp) (*web.Response, error) {
	h := web.Header{
		{Name: "Content-Type", Value: version.Header.Get("Content-Type")},
		{Name: "Etag", Value: swift.EmptyETag},
		{Name: "Last-Modified", Value: link.Header.Get("Last-Modified")},
		{Name: "X-Timestamp", Value: link.Header.Get("X-Timestamp")},
		{Name: "X-Symlink-Target", Value: web.Quote(path.Container+"/"+path.Object) + "?version-id=" + id.String()},
		{Name: "X-Symlink-Target-Etag", Value: version.Header.Get("Etag")},
		{Name: "X-Symlink-Target-Bytes", Value: strconv.FormatInt(max(version.ContentLength, 0), 10)},
		{Name: versionIDHeader, Value: id.String()},
		{Name: "Accept-Ranges", Value: "bytes"},
	}
	for _, f := range link.Header {
		if isShown(f.Name) || strings.EqualFold(f.Name, "X-Delete-At") {
			h.Add(f.Name, f.Value)
		}
	}
	return &web.Response{Status: 200, Header: h}, version.Close()
}
