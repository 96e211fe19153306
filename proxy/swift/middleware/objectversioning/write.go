// SPDX-License-Identifier: Apache-2.0

package objectversioning

import (
	"context"
	"errors"

	"needletail/objstore"
	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// put stores the body as a version and then makes the version current.
func (m *middleware) put(r *swift.Request, path swift.Path) (*web.Response, error) {
	v, err := m.find(r, path)
	if err != nil {
		return nil, err
	}
	if v == nil || !v.enabled {
		return m.next.Serve(r)
	}
	if err := r.CheckAuthorized(m.next, nil); err != nil {
		return nil, err
	}
	cur, err := m.current(r.Context(), v)
	if err != nil {
		return nil, err
	}
	onlyNew := web.MatchesETag(r.Header.Get("If-None-Match"), "*")
	if cur.exists && onlyNew {
		return nil, web.Status(412)
	}
	if err := m.requireHidden(r.Context(), v); err != nil {
		return nil, err
	}
	id, err := m.newID(r.Context(), v, &cur)
	if err != nil {
		return nil, err
	}
	version := r.Clone()
	version.Stored = &swift.Stored{Object: v.version(id), Timestamp: id}
	res, err := m.next.Serve(version)
	if err != nil || res.Status/100 != 2 {
		return res, err
	}
	err = m.replace(r.Context(), v, func(cur *current) error {
		if cur.exists && onlyNew {
			return web.Status(412)
		}
		if newest, err := m.isNewest(r.Context(), v, id); err != nil || !newest {
			return err // a later PUT or DELETE has been faster, and stays
		}
		_, err = m.link(r.Context(), v, id, id, path, version.Stored)
		return err
	})
	if err != nil {
		return nil, errors.Join(err, res.Close())
	}
	res.Header.Set(versionIDHeader, id.String())
	return res, nil
}

// delete makes a delete marker, also for a name without an object.
func (m *middleware) delete(r *swift.Request, path swift.Path) (*web.Response, error) {
	ctx := r.Context()
	v, err := m.find(r, path)
	if err != nil {
		return nil, err
	}
	// The expirer deletes the name and makes no delete marker.
	if v == nil || !v.enabled || r.Header.Has("X-If-Delete-At") {
		return m.next.Serve(r)
	}
	if err := r.CheckAuthorized(m.next, nil); err != nil {
		return nil, err
	}
	if err := m.requireHidden(ctx, v); err != nil {
		return nil, m.markerRefused(ctx, v, err)
	}
	status, id := 204, objstore.Timestamp(0)
	err = m.replace(ctx, v, func(cur *current) error {
		if id, err = m.newID(ctx, v, cur); err != nil {
			return err
		}
		_, err := m.Store.PutObject(ctx, v.version(id), web.NoBody, objstore.PutOptions{
			Timestamp: id, IfNoneMatch: true, ContentType: markerType,
		})
		if err != nil {
			return err
		}
		_, err = m.Store.DeleteObject(ctx, v.id, m.layout.deletion(id))
		if missing(err) {
			status, err = 404, nil
		}
		if errors.Is(err, objstore.KindConflict) {
			return nil // a later PUT has been faster, and stays
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	res := web.StatusPage(status)
	res.Header.Set(versionIDHeader, id.String())
	return res, nil
}

// markerRefused is the answer to a DELETE without a hidden container. Where only
// the marker would be written, Swift answers 412 (object_versioning.py:
// _check_response_error).
func (m *middleware) markerRefused(ctx context.Context, v *versioned, cause error) error {
	if !errors.Is(cause, errHiddenMissing) {
		return cause
	}
	cur, err := m.current(ctx, v)
	if err == nil && !cur.isNull() {
		return web.Status(412)
	}
	return cause
}

// post changes the link, then the version. The link has the listing's entry and
// the expiry of the name; the version has the metadata that clients see.
func (m *middleware) post(r *swift.Request, path swift.Path) (*web.Response, error) {
	res, err := m.next.Serve(r)
	if err != nil {
		return nil, err
	}
	id := m.layout.linkOf(res.Header, objectID(path))
	if id == 0 {
		return res, nil
	}
	if err := res.Close(); err != nil {
		return nil, err
	}
	version := r.Clone()
	version.Stored = &swift.Stored{Object: m.nameOf(path).version(id)}
	return m.next.Serve(version)
}
