// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"errors"
	"slices"

	"needletail/objstore"
	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// getObject answers GET and HEAD. Conditions are evaluated before ranges.
func (c *Controllers) getObject(r call) (*web.Response, error) {
	if r.Method == "HEAD" {
		info, err := c.Store.HeadObject(r.Context(), r.objectID(), objstore.OpenOptions{AllowExpired: c.openExpired(r), Newest: newest(r.Request)})
		if err != nil {
			return missingObject(r, err)
		}
		res := objectResponse(200, &info)
		if status := objectPrecondition(r, &info); status != 0 {
			return unmet(status, res), nil
		}
		res.ContentLength = info.SizeBytes
		return res, nil
	}
	obj, err := c.Store.OpenObject(r.Context(), r.objectID(), objstore.OpenOptions{
		AllowExpired: c.openExpired(r), Newest: newest(r.Request),
		Ranges: r.Header.Get("Range"), WholeIf: r.Header.Get(swift.IgnoreRangeIf),
	})
	if err != nil {
		return missingObject(r, err)
	}
	info := obj.Info()
	if status := objectPrecondition(r, info); status != 0 {
		return unmet(status, objectResponse(status, info)), obj.Close()
	}
	return bodyResponse(r, obj)
}

// objectPrecondition evaluates the conditions of a GET or HEAD
// (web.Precondition).
func objectPrecondition(r call, info *objstore.ObjectInfo) int {
	return web.Precondition(r.Header, swift.ConditionETag(r.Header, info.Metadata, info.ETag), info.Modified)
}

// unmet returns the answer for a condition that does not hold: the object's
// headers and no body. A 412 has Swift's own content type and no Accept-Ranges.
func unmet(status int, res *web.Response) *web.Response {
	res.Status = status
	if status == 412 {
		res.Header.Set("Content-Type", web.HTMLType)
		res.Header.Del("Accept-Ranges")
	}
	return res
}

// bodyResponse returns the whole object, or the parts that Range asks for.
func bodyResponse(r call, obj objstore.Object) (*web.Response, error) {
	info := obj.Info()
	res := objectResponse(200, info)
	ranges, ok := web.ResolveRanges(swift.RangeOf(r.Header, info.Metadata), info.SizeBytes)
	switch {
	case !ok:
		whole := web.ByteRange{Start: 0, End: info.SizeBytes}
		res.Body, res.ContentLength = web.RangeBody(obj, whole), info.SizeBytes
	case len(ranges) == 0:
		return unsatisfiable(info), obj.Close()
	case len(ranges) == 1:
		res.Status = 206
		res.Header.Set("Content-Range", web.ContentRange(ranges[0], info.SizeBytes))
		res.Body, res.ContentLength = web.RangeBody(obj, ranges[0]), ranges[0].Length()
	default:
		res.Status = 206
		var contentType string
		res.Body, contentType, res.ContentLength = web.NewMultiRangeBody(obj, ranges, info.ContentType, info.SizeBytes)
		res.Header.Set("Content-Type", contentType)
	}
	return res, nil
}

// unsatisfiable returns 416 with the object's headers and Swift's page.
func unsatisfiable(info *objstore.ObjectInfo) *web.Response {
	page := web.StatusPage(416)
	page.Header = objectResponse(416, info).Header
	page.Header.Set("Content-Range", web.UnsatisfiedRange(info.SizeBytes))
	return page
}

// missingObject returns 412 in place of a 404 for "If-Match: *", else err.
func missingObject(r call, err error) (*web.Response, error) {
	missing := errors.Is(err, objstore.KindNotFound) || errors.Is(err, objstore.KindContainerNotFound)
	if status := web.PreconditionMissing(r.Header); missing && status != 0 {
		return web.NewBytes(status, web.HTMLType, nil), nil
	}
	return nil, err
}

// objectLines is the number of lines in most answers about an object, including
// its metadata and the lines that features add.
const objectLines = 10

// objectResponse returns an answer with an object's headers and no body.
func objectResponse(status int, info *objstore.ObjectInfo) *web.Response {
	// The response and its lines are a single allocation, because most requests
	// are for small objects.
	answer := &struct {
		web.Response
		lines [objectLines]web.HeaderField
	}{}
	timestamp, lastModified := info.Modified.Forms()
	res := &answer.Response
	res.Status, res.Header = status, append(answer.lines[:0],
		web.HeaderField{Name: "Content-Type", Value: info.ContentType},
		web.HeaderField{Name: "Etag", Value: info.ETag},
		web.HeaderField{Name: "Last-Modified", Value: lastModified},
		web.HeaderField{Name: "X-Timestamp", Value: timestamp},
		web.HeaderField{Name: "Accept-Ranges", Value: "bytes"},
	)
	res.Header = slices.Grow(res.Header, len(info.Metadata))
	swift.AddMetadata(&res.Header, info.Metadata, true)
	if info.DeleteAt != 0 {
		res.Header.Add("X-Delete-At", formatDeleteAt(info.DeleteAt))
	}
	return res
}
