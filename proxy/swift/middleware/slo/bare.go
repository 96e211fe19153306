// SPDX-License-Identifier: Apache-2.0

package slo

import (
	"bytes"
	"errors"
	"strconv"
	"strings"

	"needletail/objstore"
	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// A bare manifest is marked by shownHeader alone, without the sysmeta: Swift
// before 2.11 stored such manifests, and container sync of every Swift does, as
// sysmeta does not pass a gatekeeper. The large object's ETag and size follow
// from the list (slo.py: get_or_head_response).

// isManifest reports whether an answer is about a manifest.
func isManifest(h web.Header) bool { return h.Has(etagSysmeta) || isBare(h) }

func isBare(h web.Header) bool {
	return !h.Has(etagSysmeta) && swift.IsTrue(h.Get(shownHeader))
}

// hintWhole has a manifest of either kind sent whole.
func hintWhole(h *web.Header) {
	swift.AddHint(h, swift.IgnoreRangeIf, etagSysmeta)
	swift.AddHint(h, swift.IgnoreRangeIf, shownHeader)
}

// complete turns the answer with a bare manifest into the answer that a manifest
// with sysmeta would have got, and reads the manifest. Below, the conditions of
// the request were about the manifest's own ETag.
func (m *middleware) complete(r *swift.Request, res *web.Response) (*manifest, error) {
	if r.Method == "HEAD" || res.Status != 200 {
		whole, err := m.fetch(r, res)
		if err != nil {
			return nil, err
		}
		*res = *whole
	}
	stored, err := readManifest(r, res, nil)
	res.Body = nil // readManifest has closed the answer
	if err != nil {
		return nil, err
	}
	size, _ := contentBytes(stored.list) // readManifest has added the parts up
	modified, err := objstore.ParseTimestamp(res.Header.Get("X-Timestamp"))
	if err != nil {
		return nil, err
	}
	etag := etagOf(stored.list)
	res.Header.Set(etagSysmeta, etag)
	res.Header.Set(sizeSysmeta, strconv.FormatInt(size, 10))
	if status := web.Precondition(r.Header, etag, modified); status != 0 {
		res.Status = status
	}
	if res.Status == 412 {
		res.Header.Set("Content-Type", web.HTMLType)
		res.Header.Del("Accept-Ranges")
	}
	return stored, nil
}

// describes reports whether an inner manifest, or its sysmeta, has the values of
// a segment.
func (s *segment) describes(h web.Header, list []segment) bool {
	if !isBare(h) {
		return h.Get(etagSysmeta) == s.Hash && h.Get(sizeSysmeta) == strconv.FormatInt(s.Bytes, 10)
	}
	size, _ := contentBytes(list) // readManifest has added the parts up
	return size == s.Bytes && etagOf(list) == s.Hash
}

// bytesParameter of a segment's type is the content of an inner manifest, in
// lists of Swift before 2.2 (swift/common/utils: override_bytes_from_content_type).
const bytesParameter = "swift_bytes"

// correct takes the bytes of an inner manifest out of the type.
func (s *segment) correct() {
	if !s.SubSLO || !strings.Contains(s.ContentType, bytesParameter) {
		return
	}
	for _, p := range strings.Split(s.ContentType, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(p), "=")
		if n, err := strconv.ParseInt(strings.Trim(value, `"`), 10, 64); name == bytesParameter && err == nil && n >= 0 {
			s.Bytes = n
		}
	}
}

// repeat stores a manifest of another cluster as the manifest is: the segments
// may follow later. A Swift sends a bare manifest, which gets its sysmeta here:
// a POST keeps sysmeta, and the listing shows the large object.
func (m *middleware) repeat(r *swift.Request) (*web.Response, error) {
	if r.Method != "PUT" || !isBare(r.Header) {
		return m.next.Serve(r)
	}
	if err := r.CheckAuthorized(m.next, nil); err != nil {
		return nil, err
	}
	body, err := r.ReadWhole(maxStoredBytes)
	if errors.Is(err, web.ErrBodyTooLong) {
		return nil, web.Statusf(413, "Manifest File > %d bytes", maxStoredBytes)
	}
	if err != nil {
		return nil, err
	}
	stored, err := readManifest(r, web.NewBytes(200, "", body), nil)
	if errors.Is(err, errManifest) {
		return nil, web.Statusf(400, "The manifest is not understood.")
	}
	if err != nil {
		return nil, err
	}
	defer stored.release(r)
	size, _ := contentBytes(stored.list) // readManifest has added the parts up
	put := r.Clone()
	put.Body, put.ContentLength = bytes.NewReader(body), int64(len(body))
	put.Header = r.Header.Clone()
	setSysmeta(&put.Header, md5Hex(body), etagOf(stored.list), size)
	return m.next.Serve(put)
}

// setSysmeta makes a PUT the PUT of a manifest with the ETag own.
func setSysmeta(h *web.Header, own, etag string, size int64) {
	h.Del(shownHeader)
	h.Set(etagSysmeta, etag)
	h.Set(sizeSysmeta, strconv.FormatInt(size, 10))
	h.Set(swift.OverrideETag, own+"; slo_etag="+etag)
	h.Set(swift.OverridePrefix+"Size", strconv.FormatInt(size, 10))
}
