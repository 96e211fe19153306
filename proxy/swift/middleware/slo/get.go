// SPDX-License-Identifier: Apache-2.0

package slo

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// get passes ordinary objects on. Of a large object get asks for the whole
// manifest, under conditions about the large object's ETag, so a single inner
// request is enough (slo.py: handle_slo_get_or_head).
func (m *middleware) get(r *swift.Request, path swift.Path) (*web.Response, error) {
	asManifest := r.Query().Get("multipart-manifest") == "get"
	switch {
	case asManifest && r.Query().Get("format") == "raw":
		return m.getRaw(r)
	case !asManifest:
		swift.AddHint(&r.Header, swift.ETagIsAt, etagSysmeta)
		hintWhole(&r.Header)
	}
	res, err := m.next.Serve(r)
	if err != nil || !isManifest(res.Header) {
		return res, err
	}
	if asManifest {
		if !strings.HasPrefix(res.Header.Get("Content-Type"), "multipart/") {
			res.Header.Set("Content-Type", "application/json; charset=utf-8")
		}
		show(res)
		return res, nil
	}
	if isBare(res.Header) {
		stored, err := m.complete(r, res)
		if err != nil {
			return nil, err
		}
		return m.content(r, path, res, stored)
	}
	return m.content(r, path, res, nil)
}

// show hides the feature's own lines, and marks the answer as a large object's.
func show(res *web.Response) {
	res.Header.DelFunc(isOwn)
	res.Header.Add(shownHeader, "True")
}

// getRaw answers with the list in the form of the PUT, under the type of the
// large object, so that the list can be put again. A Range does not count.
func (m *middleware) getRaw(r *swift.Request) (*web.Response, error) {
	inner := r.Clone()
	inner.Header = r.Header.Clone()
	hintWhole(&inner.Header)
	swift.AddHint(&inner.Header, swift.ETagIsAt, etagSysmeta)
	res, err := m.next.Serve(inner)
	if err != nil || !isManifest(res.Header) {
		return res, err
	}
	if res.Status != 200 {
		show(res)
		return res, nil
	}
	if r.Method == "HEAD" {
		if res, err = m.fetch(r, res); err != nil {
			return nil, err
		}
	}
	stored, err := readManifest(r, res, nil)
	if err != nil {
		return nil, err
	}
	if err := r.Hold(encodedBytes(stored.list)); err != nil {
		return nil, err
	}
	body := encodeRaw(stored.list)
	raw := web.NewBytes(200, "", body)
	raw.Header = res.Header
	raw.Header.Set("Etag", md5Hex(body))
	show(raw)
	return raw, nil
}

// fetch gets the manifest found by a HEAD.
func (m *middleware) fetch(r *swift.Request, head *web.Response) (*web.Response, error) {
	get := r.Subrequest("GET", r.Path, source)
	get.SetRawQuery(r.RawQuery)
	if v, ok := r.Header.Lookup("X-Open-Expired"); ok {
		get.Header.Set("X-Open-Expired", v)
	}
	if err := head.Close(); err != nil {
		return nil, err
	}
	res, err := m.next.Serve(get)
	if err != nil {
		return nil, err
	}
	if res.Status != 200 || !isManifest(res.Header) || res.Header.Get(etagSysmeta) != head.Header.Get(etagSysmeta) {
		return nil, errors.Join(&web.StatusError{Status: 503, Err: errors.New("the manifest was replaced")}, res.Close())
	}
	return res, nil
}

// content turns the answer with the manifest into the answer with its content,
// and closes the first. stored is the manifest, or nil if nobody has read the
// answer yet.
func (m *middleware) content(r *swift.Request, path swift.Path, res *web.Response, stored *manifest) (*web.Response, error) {
	part, err := partNumber(r)
	if err != nil {
		return nil, errors.Join(err, res.Close())
	}
	size, err := strconv.ParseInt(res.Header.Get(sizeSysmeta), 10, 64)
	if err != nil || size < 0 {
		return nil, errors.Join(errManifest, err, res.Close())
	}
	out := &web.Response{Status: res.Status, Header: res.Header.Clone(), ContentLength: size}
	out.Header.Set("X-Manifest-Etag", web.NormalizeETag(res.Header.Get("Etag")))
	out.Header.Set("Etag", `"`+res.Header.Get(etagSysmeta)+`"`)
	show(out)
	if res.Status != 200 {
		out.ContentLength = 0
		return out, res.Close()
	}
	if r.Method == "HEAD" && part == 0 {
		return out, res.Close()
	}
	if stored == nil && r.Method == "HEAD" {
		if res, err = m.fetch(r, res); err != nil {
			return nil, err
		}
	}
	if stored == nil {
		if stored, err = readManifest(r, res, neededBy(r, size, part)); err != nil {
			return nil, err
		}
	}
	list := stored.list
	if total, ok := contentBytes(list); !ok || total != size {
		return nil, fmt.Errorf("%w: %d bytes, not %d", errManifest, total, size)
	}
	o := &largeObject{m: m, r: r, path: path, list: list, size: size, cost: new(cost)}
	if part > 0 {
		return o.part(out, part)
	}
	return o.respond(out, r.Header.Get("Range"))
}

// neededBy returns a test for the parts of the content in an answer; nil means
// all parts.
func neededBy(r *swift.Request, size int64, part int) func(web.ByteRange) bool {
	ranges, ok := web.ResolveRanges(r.Header.Get("Range"), size)
	if !ok || part > 0 {
		return nil
	}
	return func(p web.ByteRange) bool {
		return slices.ContainsFunc(ranges, func(want web.ByteRange) bool { return want.Start < p.End && p.Start < want.End })
	}
}

// partNumber returns 0 for a request without a part number
// (swift/common/request_helpers.py: get_valid_part_num).
func partNumber(r *swift.Request) (int, error) {
	if !r.Query().Has("part-number") {
		return 0, nil
	}
	value, err := r.QueryText("part-number")
	if err != nil {
		return 0, err
	}
	n, err := strconv.Atoi(strings.TrimSpace(value))
	if err != nil || n <= 0 {
		return 0, web.Statusf(400, "Part number must be an integer greater than 0")
	}
	if _, ok := web.ResolveRanges(r.Header.Get("Range"), 1); ok {
		return 0, web.Statusf(400, "Range requests are not supported with part number queries")
	}
	return n, nil
}
