// SPDX-License-Identifier: Apache-2.0

package glance

import (
	"errors"
	"fmt"
	"io"

	"needletail/objstore"
	"needletail/proxy/glance/wire"
	"needletail/proxy/web"
)

// downloadImage is GET /v2/images/{image}/file.
func (s *service) downloadImage(c *call) (*web.Response, error) {
	m := c.image
	switch m.Status {
	case statusActive:
	case statusDeactivated:
		if !c.caller.admin {
			return nil, wire.Errorf(403, "The requested image has been deactivated. Image data download is forbidden.")
		}
	default:
		return wire.Empty(204), nil
	}
	if tag := entityTag(m); tag != "" && web.MatchesETag(c.Header.Get("If-None-Match"), tag) {
		return web.NewResponse(304, web.HeaderField{Name: "Etag", Value: tag}), nil
	}
	o, err := s.images.open(c.Context(), m.ID, c.Header.Get("Range"))
	if errors.Is(err, objstore.KindNotFound) || errors.Is(err, objstore.KindContainerNotFound) {
		return nil, &wire.Error{Status: 404, Message: "The data of image " + m.ID + " cannot be found.", Err: err}
	}
	if err != nil {
		return nil, err
	}
	if m.SizeBytes != nil && o.Info().SizeBytes != *m.SizeBytes {
		_ = o.Close() // nothing was read
		return nil, &wire.Error{Status: 500, Err: fmt.Errorf("image %s has %d bytes of data, not %d", m.ID, o.Info().SizeBytes, *m.SizeBytes)}
	}
	res, err := dataResponse(c.Header, m, o)
	if err != nil {
		_ = o.Close() // nothing was read
		return nil, err
	}
	return res, nil
}

// entityTag returns the MD5 of the data in quotes, or "" if the image has no MD5.
func entityTag(m *image) string {
	if m.Checksum == nil {
		return ""
	}
	return `"` + *m.Checksum + `"`
}

// dataResponse returns a response that streams the object, or the requested part
// of the object. The response owns the object.
func dataResponse(h web.Header, m *image, o objstore.Object) (*web.Response, error) {
	sizeBytes := o.Info().SizeBytes
	part, whole, err := requestedSpan(h, sizeBytes)
	if err != nil {
		return nil, err
	}
	res := web.NewResponse(200, web.HeaderField{Name: "Content-Type", Value: octetStream})
	if tag := entityTag(m); tag != "" {
		res.Header.Add("Etag", tag)
	}
	if whole && m.Checksum != nil {
		res.Header.Add("Content-MD5", *m.Checksum)
	}
	if !whole {
		res.Status, res.Reason = 206, "Partial Content"
		res.Header.Add("Content-Range", fmt.Sprintf("bytes %d-%d/%d",
			part.offset, part.offset+part.length-1, sizeBytes))
	}
	res.Body, res.ContentLength = newBody(o, part), part.length
	return res, nil
}

// newBody returns a reader of a part of the object; Close closes the object. A
// WriteTo of the object's reader is kept, because WriteTo saves a copy.
func newBody(o objstore.Object, part span) io.ReadCloser {
	r := o.Range(part.offset, part.length)
	if w, ok := r.(io.WriterTo); ok {
		return struct {
			io.Reader
			io.WriterTo
			io.Closer
		}{r, w, o}
	}
	return struct {
		io.Reader
		io.Closer
	}{r, o}
}
