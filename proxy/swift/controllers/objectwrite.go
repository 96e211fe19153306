// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"errors"
	"strings"
	"time"

	"needletail/objstore"
	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// putObject makes all checks without the body, then streams the body into the
// Store. The Store makes its own checks before it reads.
func (c *Controllers) putObject(r call) (*web.Response, error) {
	options, err := c.putOptions(r)
	if err != nil {
		return nil, err
	}
	info, err := c.Store.PutObject(r.Context(), r.objectID(), r.Body, options)
	if errors.Is(err, objstore.KindConflict) {
		// The stored object is newer: the peer is late, or over a cluster
		// another write began later (swift/proxy/controllers/obj.py:
		// _check_failure_put_connections).
		return web.StatusPage(202), nil
	}
	if errors.Is(err, objstore.KindTooLarge) {
		return nil, &web.StatusError{Status: 413, Err: err}
	}
	if errors.Is(err, objstore.KindNoSpace) && c.FullDiskStatus != 0 {
		return nil, &web.StatusError{Status: c.FullDiskStatus, Body: "There was not enough space to save the resource.", Err: err}
	}
	if errors.Is(err, objstore.KindETagMismatch) {
		// Swift sends the time of the attempt with this error too
		// (proxy/controllers/obj.py: PUT).
		return nil, &web.StatusError{Status: 422, Err: err, Header: web.Header{
			{Name: "Last-Modified", Value: objstore.TimestampOf(time.Now()).LastModified()},
		}}
	}
	if err != nil {
		return nil, err
	}
	res := web.StatusPage(201)
	res.Header.Add("Etag", info.ETag)
	res.Header.Add("Last-Modified", info.Modified.LastModified())
	return res, nil
}

// putOptions makes the checks of swift/proxy/controllers/obj.py: PUT and
// swift/common/constraints.py: check_object_creation, in their order.
func (c *Controllers) putOptions(r call) (o objstore.PutOptions, err error) {
	if match, ok := r.Header.Lookup("If-None-Match"); ok {
		if !web.MatchesETag(match, "*") {
			return o, web.Textf(400, "If-None-Match only supports *")
		}
		o.IfNoneMatch = true
	}
	switch {
	case r.ContentLength > c.Limits.FileBytes:
		return o, web.Textf(413, "Your request is too large.")
	case r.ContentLength == web.NoLength:
		return o, web.Textf(411, "Missing Content-Length header.")
	}
	o.SizeBytes, o.MaxBytes = r.ContentLength, c.Limits.FileBytes
	if err := c.Limits.CheckObjectName(r.path.Object); err != nil {
		return o, err
	}
	o.ContentType = r.Header.Get("Content-Type")
	if o.ContentType == "" || swift.IsTrue(r.Header.Get("X-Detect-Content-Type")) {
		o.ContentType = GuessContentType(r.Path)
	}
	if o.DeleteAt, err = deleteAt(r.Header, time.Now()); err != nil {
		return o, err
	}
	if err := c.Limits.CheckMetadata(r.Header, swift.ObjectResource); err != nil {
		return o, err
	}
	if !r.TrustContentType {
		if err := CheckContentType(o.ContentType); err != nil {
			return o, err
		}
	}
	o.ETag = web.NormalizeETag(r.Header.Get("Etag"))
	o.Metadata = swift.ObjectMetadata(r.Header)
	o.Timestamp = r.Timestamp
	if r.Stored != nil {
		o.Timestamp = r.Stored.Timestamp
		r.Stored.DeleteAt, o.DeleteAt = o.DeleteAt, 0
	}
	o.Listing = swift.ListingOverride(r.Header, r.path.Account)
	return o, nil
}

// postObject replaces the metadata. The type stays unless the request has a
// type. The answer has the object's sysmeta, because features need it to
// recognise a link.
func (c *Controllers) postObject(r call) (*web.Response, error) {
	if err := c.Limits.CheckMetadata(r.Header, swift.ObjectResource); err != nil {
		return nil, err
	}
	at, err := deleteAt(r.Header, time.Now())
	if err != nil {
		return nil, err
	}
	if r.Stored != nil {
		r.Stored.DeleteAt, at = at, 0
	}
	contentType := r.Header.Get("Content-Type")
	if err := CheckContentType(contentType); err != nil {
		return nil, err
	}
	info, err := c.Store.PostObject(r.Context(), r.objectID(), objstore.PostOptions{
		Metadata:    swift.ObjectMetadata(r.Header),
		ContentType: contentType,
		DeleteAt:    at,

		AllowExpired: c.openExpired(r),
	})
	if err != nil {
		return nil, err
	}
	res := web.StatusPage(202)
	for _, f := range info.Metadata {
		if strings.HasPrefix(f.Name, objstore.SysmetaObject) {
			res.Header.Add(f.Name, f.Value)
		}
	}
	return res, nil
}

// deleteObject deletes an object. With X-If-Delete-At, only an object that
// expires at that second is deleted: the expirer must not delete a newer
// object.
func (c *Controllers) deleteObject(r call) (*web.Response, error) {
	o := objstore.DeleteOptions{Timestamp: r.Timestamp}
	if v, ok := r.Header.Lookup("X-If-Delete-At"); ok {
		at, ok := pythonInt(v)
		if !ok || at <= 0 {
			return nil, web.Statusf(400, "Bad X-If-Delete-At header value")
		}
		o.IfDeleteAt = at
	}
	_, err := c.Store.DeleteObject(r.Context(), r.objectID(), o)
	if errors.Is(err, objstore.KindPrecondition) {
		return nil, web.Statusf(412, "X-If-Delete-At and X-Delete-At do not match")
	}
	if err != nil {
		return nil, err
	}
	return web.StatusPage(204), nil
}
