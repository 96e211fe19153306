// SPDX-License-Identifier: Apache-2.0

package objectversioning

import (
	"errors"

	"needletail/objstore"
	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// nullID is the version id of an object without a version.
const nullID = "null"

// ofVersion answers a request with version-id.
func (m *middleware) ofVersion(r *swift.Request, path swift.Path, id string) (*web.Response, error) {
	if err := r.CheckAuthorized(m.next, nil); err != nil {
		return nil, err
	}
	v, err := m.find(r, path)
	if err != nil {
		return nil, err
	}
	switch {
	case r.Method == "POST":
		return nil, web.Statusf(400, "POST to a specific version is not allowed")
	case v == nil && id != nullID:
		return nil, web.Statusf(400, "version-aware operations require that the container is versioned")
	}
	version, err := objstore.ParseTimestamp(id)
	if id != nullID && (err != nil || version == 0 || version > m.layout.idMax()) {
		return nil, web.Statusf(400, "Invalid version parameter")
	}
	if id != nullID {
		// Restoring needs the account's own right too: a restored version is
		// current, and everybody with a right to read the name can read the
		// version.
		if err := r.CheckAuthorized(m.next, &swift.Stored{AccountRight: true}); err != nil {
			return nil, err
		}
	}
	switch r.Method {
	case "GET", "HEAD":
		if id == nullID {
			return m.getNull(r)
		}
		return m.getVersion(r, v, version, id)
	case "PUT":
		if id == nullID {
			return nil, web.Statusf(400, "Invalid version parameter")
		}
		return m.restore(r, v, version, path)
	case "DELETE":
		if id != nullID {
			return m.deleteVersion(r, v, version, id)
		}
	}
	return m.next.Serve(r)
}

// getNull answers GET and HEAD of version-id=null: the object if it is no link,
// else 404.
func (m *middleware) getNull(r *swift.Request) (*web.Response, error) {
	res, err := m.next.Serve(r)
	if err != nil {
		return nil, err
	}
	if res.Header.Has(linkSysmeta) {
		return nil, errors.Join(web.Status(404), res.Close())
	}
	if res.Status/100 == 2 {
		res.Header.Set(versionIDHeader, nullID)
	}
	return res, nil
}

// getVersion answers GET and HEAD of a version. A delete marker is 404 with the
// marker's type.
func (m *middleware) getVersion(r *swift.Request, v *versioned, version objstore.Timestamp, id string) (*web.Response, error) {
	at := &swift.Stored{Object: v.version(version), AccountRight: true}
	info, err := m.Store.HeadObject(r.Context(), at.Object, objstore.OpenOptions{})
	if err != nil && !missing(err) {
		return nil, err
	}
	if info.ContentType == markerType {
		return nil, &web.StatusError{Status: 404, Header: web.Header{
			{Name: versionIDHeader, Value: id}, {Name: "Content-Type", Value: markerType},
		}}
	}
	get := r.Clone()
	get.Stored = at
	res, err := m.next.Serve(get)
	if err == nil && res.Status/100 == 2 {
		res.Header.Set(versionIDHeader, id)
	}
	return res, err
}

// restore makes a version the current version. Unlike Swift, restore keeps a
// null object in the way as a version, and refuses to make a delete marker
// current.
func (m *middleware) restore(r *swift.Request, v *versioned, version objstore.Timestamp, path swift.Path) (*web.Response, error) {
	if r.ContentLength == web.NoLength {
		return nil, web.Status(411)
	}
	if err := r.RefuseBody(m.next, "PUT version-id requests require a zero byte body"); err != nil {
		return nil, err
	}
	notThere := web.Textf(404, "The specified version does not exist")
	var info objstore.ObjectInfo
	found, err := m.Store.HeadObject(r.Context(), v.version(version), objstore.OpenOptions{})
	if missing(err) && m.layout.shared() {
		if err := m.requireHidden(r.Context(), v); err != nil {
			return nil, err
		}
	}
	if missing(err) || err == nil && found.ContentType == markerType {
		return nil, notThere
	}
	if err == nil {
		err = m.replace(r.Context(), v, func(cur *current) (err error) {
			m.clock.Advance(cur.info.Modified)
			info, err = m.link(r.Context(), v, version, m.clock.Now(), path, nil)
			return err
		})
	}
	if missing(err) {
		return nil, notThere
	}
	if err != nil {
		return nil, err
	}
	res := web.StatusPage(201)
	res.Header.Add("Etag", info.ETag)
	res.Header.Add("Last-Modified", info.Modified.LastModified())
	res.Header.Add(versionIDHeader, version.String())
	return res, nil
}

// deleteVersion removes a version for good. If the version is current, the link
// is removed first, and no other version becomes current.
func (m *middleware) deleteVersion(r *swift.Request, v *versioned, version objstore.Timestamp, id string) (*web.Response, error) {
	ctx := r.Context()
	defer m.locks.lock(v.id)()
	cur, err := m.current(ctx, v)
	if err != nil {
		return nil, err
	}
	if cur.link == version {
		if _, err := m.Store.DeleteObject(ctx, v.id, objstore.DeleteOptions{}); err != nil && !missing(err) {
			return nil, err
		}
		cur = current{}
	}
	res := web.StatusPage(204)
	_, err = m.Store.DeleteObject(ctx, v.version(version), objstore.DeleteOptions{})
	if missing(err) {
		res, err = web.StatusPage(404), nil
	}
	if err != nil {
		return nil, err
	}
	res.Header.Set(versionIDHeader, id)
	res.Header.Set("X-Object-Current-Version-Id", cur.versionID())
	return res, nil
}
