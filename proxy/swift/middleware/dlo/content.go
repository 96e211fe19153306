// SPDX-License-Identifier: Apache-2.0

package dlo

import (
	"crypto/md5"
	"encoding/hex"
	"io"
	"strings"

	"needletail/objstore"
	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// content returns the answer, made of the manifest's headers and the first page
// of segments.
func (m *middleware) content(r *swift.Request, h web.Header, s *segments) (*web.Response, error) {
	h.Del("Content-Range")
	total := int64(-1)
	if s.last {
		h.Set("Etag", `"`+etagOf(s.page)+`"`)
		total = sizeOf(s.page)
	}
	res := &web.Response{Status: 200, Header: h, ContentLength: total}
	modified, err := objstore.ParseTimestamp(h.Get("X-Timestamp"))
	if err != nil {
		return nil, err
	}
	if status := web.Precondition(r.Header, h.Get("Etag"), modified); status != 0 {
		res.Status, res.ContentLength = status, 0
		return res, nil
	}
	if r.Method == "HEAD" {
		return res, nil
	}
	part := web.ByteRange{Start: 0, End: total}
	if header := r.Header.Get("Range"); total >= 0 && !strings.Contains(header, ",") {
		ranges, ok := web.ResolveRanges(header, total)
		switch {
		case ok && len(ranges) == 0:
			return unsatisfiable(total), nil
		case ok:
			part, res.Status, res.ContentLength = ranges[0], 206, ranges[0].Length()
			res.Header.Set("Content-Range", web.ContentRange(part, total))
		}
	}
	b := web.NewSegmentBody(s.next, part.Start, res.ContentLength)
	if err := swift.StartLargeObject(b); err != nil {
		return nil, err
	}
	res.Body = b
	return res, nil
}

// unsatisfiable returns 416 for a large object of total bytes.
func unsatisfiable(total int64) *web.Response {
	res := web.StatusPage(416)
	res.Header.Add("Accept-Ranges", "bytes")
	res.Header.Add("Content-Range", web.UnsatisfiedRange(total))
	return res
}

// etagOf returns the MD5 of the segments' ETags in their order.
func etagOf(page []segment) string {
	sum := md5.New()
	for _, s := range page {
		_, _ = io.WriteString(sum, web.NormalizeETag(s.etag)) // a hash does not fail
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// sizeOf returns the sum of the segments' lengths.
func sizeOf(page []segment) (bytes int64) {
	for _, s := range page {
		bytes += s.sizeBytes
	}
	return bytes
}
