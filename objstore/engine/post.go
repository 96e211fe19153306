// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"needletail/objstore"
	"needletail/objstore/meta"
)

// PostObject replaces the metadata of an object. System metadata, the override
// of the listing and the body stay (swift/obj/server.py POST).
func (e *Engine) PostObject(_ context.Context, o objstore.ObjectID, opts objstore.PostOptions) (objstore.ObjectInfo, error) {
	c := call{"post object", o}
	if err := e.enter(c, depthObject); err != nil {
		return objstore.ObjectInfo{}, err
	}
	defer e.gate.leave()
	if err := checkMetadata(opts.Metadata); err != nil {
		return objstore.ObjectInfo{}, c.fail(objstore.KindInvalid, err)
	}
	if err := e.dev.Reserve(0); err != nil {
		return objstore.ObjectInfo{}, c.wrap(err)
	}
	defer e.locks.lockObject(o)()
	old, err := e.find(c, opts.AllowExpired)
	if err != nil {
		return objstore.ObjectInfo{}, err
	}
	row := posted(&old, opts, now(&e.clock, &old))
	if err := e.replaceObject(o, &row, &old, nil); err != nil {
		return objstore.ObjectInfo{}, c.wrap(err)
	}
	e.stats.posts.Add(1)
	return row.Info, nil
}

// posted returns the row after a POST at time t.
func posted(old *meta.ObjectRow, opts objstore.PostOptions, t objstore.Timestamp) meta.ObjectRow {
	row := *old
	info := &row.Info
	info.Modified = t
	info.ContentType = cmp.Or(opts.ContentType, info.ContentType)
	info.DeleteAt = opts.DeleteAt
	info.Metadata = nil
	sysmeta := func(f objstore.Field) bool { return strings.HasPrefix(f.Name, objstore.SysmetaObject) }
	for _, f := range opts.Metadata {
		if !sysmeta(f) {
			info.Metadata.Set(f.Name, f.Value)
		}
	}
	for _, f := range old.Info.Metadata {
		if sysmeta(f) {
			info.Metadata.Set(f.Name, f.Value)
		}
	}
	return row
}

// cloneInfo makes the fields of i independent of the value from which i was
// copied.
func cloneInfo(i *objstore.ObjectInfo) {
	i.Metadata = slices.Clone(i.Metadata)
	i.Listing.Extra = slices.Clone(i.Listing.Extra)
	if i.Listing.SizeBytes != nil {
		size := *i.Listing.SizeBytes
		i.Listing.SizeBytes = &size
	}
}
