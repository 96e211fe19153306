// SPDX-License-Identifier: Apache-2.0

package objectversioning

import (
	"context"
	"errors"
	"slices"
	"strings"

	"needletail/objstore"
	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// maxArchives bounds two retries. A null object can appear while another null
// object is copied, if versioning is switched off and on meanwhile. And a
// version can already exist at the time under which a null object should be
// kept.
const maxArchives = 4

var errRestless = errors.New("the object keeps changing while it is versioned")

// replace runs change under the name's lock, once no null object is in the way:
// replace first copies a null object among the versions. The hidden container
// must exist.
func (m *middleware) replace(ctx context.Context, v *versioned, change func(*current) error) error {
	archived := objstore.Timestamp(0)
	for range maxArchives {
		cur, done, err := m.tryReplace(ctx, v, archived, change)
		if done || err != nil {
			return err
		}
		if err := m.archive(ctx, v); err != nil {
			return err
		}
		archived = cur.info.Modified
	}
	return &web.StatusError{Status: 503, Err: errRestless}
}

// tryReplace runs change under the name's lock. done is false if there is a
// null object other than the archived null object.
func (m *middleware) tryReplace(ctx context.Context, v *versioned, archived objstore.Timestamp,
	change func(*current) error) (cur current, done bool, err error) {
	defer m.locks.lock(v.id)()
	cur, err = m.current(ctx, v)
	if err != nil || cur.isNull() && cur.info.Modified != archived {
		return cur, false, err
	}
	return cur, true, change(&cur)
}

// archive copies the null object among the versions, under the time of its PUT.
// The expiry belongs to the name and is not copied.
func (m *middleware) archive(ctx context.Context, v *versioned) error {
	obj, err := m.Store.OpenObject(ctx, v.id, objstore.OpenOptions{Newest: true})
	if missing(err) {
		return nil
	}
	if err != nil {
		return err
	}
	defer obj.Close()
	info := obj.Info()
	if m.layout.linkOf(headerOf(info.Metadata), v.id) != 0 {
		return nil
	}
	// A version may already have the time of the null object: a copy made by a
	// request that went no further, or a version from before the clock was set
	// back. A later time would make the null object newer than its replacement,
	// so the search goes backwards.
	for id := info.Modified; id > info.Modified-maxArchives; id-- {
		err = m.copyNull(ctx, v, obj, id)
		if !errors.Is(err, objstore.KindPrecondition) && !errors.Is(err, objstore.KindConflict) {
			return err
		}
		there, err := m.Store.HeadObject(ctx, v.version(id), objstore.OpenOptions{})
		if err != nil || there.ETag == info.ETag && there.SizeBytes == info.SizeBytes {
			return err
		}
	}
	return &web.StatusError{Status: 503, Err: errRestless}
}

// copyNull copies a null object to the version id. An existing version is
// KindPrecondition or KindConflict.
func (m *middleware) copyNull(ctx context.Context, v *versioned, obj objstore.Object, id objstore.Timestamp) error {
	info := obj.Info()
	_, err := m.Store.PutObject(ctx, v.version(id), obj.Range(0, info.SizeBytes), objstore.PutOptions{
		SizeBytes: info.SizeBytes, ETag: info.ETag, SHA512: info.SHA512 != "",
		Timestamp: id, IfNoneMatch: true,
		ContentType: info.ContentType, Metadata: info.Metadata, Listing: info.Listing,
	})
	return err
}

// link makes a version the current version, for a request of the given time. With
// own the request is the version's own PUT, and the link has the metadata and the
// expiry of the PUT too. The caller has the name's lock. If a later request has been
// faster, its link stays.
func (m *middleware) link(ctx context.Context, v *versioned, id, at objstore.Timestamp, path swift.Path, own *swift.Stored) (objstore.ObjectInfo, error) {
	version, err := m.Store.HeadObject(ctx, v.version(id), objstore.OpenOptions{})
	if err != nil {
		return version, err
	}
	o := m.layout.link(v, id, at, &version, path)
	if own != nil {
		o.DeleteAt = own.DeleteAt
		for _, f := range version.Metadata {
			if isShown(f.Name) {
				o.Metadata.Set(f.Name, f.Value)
			}
		}
	}
	_, err = m.Store.PutObject(ctx, v.id, web.NoBody, o)
	if errors.Is(err, objstore.KindConflict) {
		err = nil
	}
	return version, err
}

// isShown reports whether a link keeps the line of a PUT, and whether symlink=get
// shows the line (object_versioning.py: _put_symlink_to_version).
func isShown(name string) bool {
	if strings.EqualFold(name, "X-Object-Manifest") || strings.EqualFold(name, "X-Static-Large-Object") {
		return false
	}
	_, user := web.CutPrefix(name, swift.ObjectResource.UserPrefix())
	return user || slices.ContainsFunc(swift.ObjectHeaders, func(h string) bool { return strings.EqualFold(h, name) })
}

// listed returns the entry of a version in the visible container's listing.
func listed(version *objstore.ObjectInfo, path string) objstore.ListingOverride {
	l := version.Listing
	size := version.SizeBytes
	if l.SizeBytes != nil {
		size = *l.SizeBytes
	}
	l.SizeBytes = &size
	if l.ETag == "" {
		l.ETag = version.ETag
	}
	// A version can be a link itself. Only the version's own listing shows the
	// target of that link, but a static link shows what the target must be.
	if static, ok := swift.SymlinkOf(headerOf(version.Metadata)); ok && static.ETag != "" {
		l.ETag, l.SizeBytes = static.ETag, &static.SizeBytes
	}
	l.Extra = l.Extra.Clone()
	for _, name := range []string{"symlink_bytes", "symlink_etag"} {
		l.Extra.Del(name)
	}
	l.Extra.Set("symlink_path", path)
	l.Extra.Set("version_symlink", "true")
	return l
}

// versionPath returns the path of a version as clients read it.
func versionPath(p swift.Path, id objstore.Timestamp) string {
	return web.Quote("/v1/"+p.Account+"/"+p.Container+"/"+p.Object) + "?version-id=" + id.String()
}
