// SPDX-License-Identifier: Apache-2.0

package slo

import (
	"io"
	"strconv"

	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// respond answers with the content, or with the part in header, a Range.
func (o *largeObject) respond(out *web.Response, header string) (*web.Response, error) {
	ranges, ok := web.ResolveRanges(header, o.size)
	switch {
	case !ok:
		return o.send(out, web.ByteRange{End: o.size})
	case len(ranges) == 0:
		page := web.StatusPage(416)
		page.Header = out.Header
		page.Header.Set("Content-Range", web.UnsatisfiedRange(o.size))
		return page, nil
	case len(ranges) == 1:
		out.Status = 206
		out.Header.Set("Content-Range", web.ContentRange(ranges[0], o.size))
		return o.send(out, ranges[0])
	}
	src := &ranger{o: o, open: o.body(ranges[0])}
	if err := swift.StartLargeObject(src.open); err != nil {
		return nil, err
	}
	out.Status = 206
	var contentType string
	out.Body, contentType, out.ContentLength = web.NewMultiRangeBody(src, ranges, out.Header.Get("Content-Type"), o.size)
	out.Header.Set("Content-Type", contentType)
	return out, nil
}

func (o *largeObject) send(out *web.Response, part web.ByteRange) (*web.Response, error) {
	out.ContentLength = part.Length()
	b := o.body(part)
	if err := swift.StartLargeObject(b); err != nil {
		return nil, err
	}
	out.Body = b
	return out, nil
}

// part gives out segment n, counted from 1; also a HEAD is 206.
func (o *largeObject) part(out *web.Response, n int) (*web.Response, error) {
	out.Header.Set("X-Parts-Count", strconv.Itoa(len(o.list)))
	if n > len(o.list) {
		body := "The requested part number is not satisfiable"
		page := web.NewBytes(416, "", []byte(body))
		if o.r.Method == "HEAD" {
			page = web.NewResponse(416)
		}
		page.Header = out.Header
		page.Header.Set("Content-Range", web.UnsatisfiedRange(o.size))
		return page, nil
	}
	start, _ := contentBytes(o.list[:n-1])
	part := web.ByteRange{Start: start, End: start + o.list[n-1].part.Length()}
	out.Status = 206
	out.Header.Set("Content-Range", web.ContentRange(part, o.size))
	if o.r.Method == "HEAD" {
		out.ContentLength = part.Length()
		return out, nil
	}
	return o.send(out, part)
}

// ranger gives parts of the content; the first has been started.
type ranger struct {
	o     *largeObject
	open  *web.SegmentBody
	began bool
}

// Range ends the part before.
func (r *ranger) Range(offset, length int64) io.Reader {
	if !r.began {
		r.began = true
		return r.open
	}
	_ = r.open.Close() // it was read to its end
	r.open = r.o.body(web.ByteRange{Start: offset, End: offset + length})
	return r.open
}

// Close closes the open segment.
func (r *ranger) Close() error { return r.open.Close() }
