// SPDX-License-Identifier: Apache-2.0

package slo

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strconv"
	"strings"

	"needletail/proxy/pyjson"
	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// put makes a large object of a list (slo.py: handle_multipart_put).
func (m *middleware) put(r *swift.Request, path swift.Path) (*web.Response, error) {
	body, err := m.readInput(r)
	if err != nil {
		return nil, err
	}
	list, err := m.parseInput(r, body, path.Container+"/"+path.Object)
	if err != nil {
		return nil, err
	}
	r.Release(int64(cap(body)))
	contentType, err := web.BestAccept(r.Header.Get("Accept"), swift.ResultTypes...)
	if err != nil || contentType == "" {
		contentType = "text/plain"
	}
	if values := r.Query()["heartbeat"]; len(values) > 0 && swift.IsTrue(values[len(values)-1]) {
		return swift.HeartbeatAtOnce(r, contentType, func(ctx context.Context) []byte {
			later := r.WithContext(ctx)
			return m.storeLate(later, path, list, contentType)
		}), nil
	}
	put, failed, err := m.prepare(r, path, list)
	if err != nil {
		return nil, err
	}
	if len(failed) > 0 {
		return web.NewBytes(400, contentType, swift.HeartbeatResult(contentType, nil, failed, "upload")), nil
	}
	return m.store(put)
}

// readInput holds the body in memory, so readInput asks for the right to write
// first; Swift asks in the end.
func (m *middleware) readInput(r *swift.Request) ([]byte, error) {
	tooLarge := web.Statusf(413, "Manifest File > %d bytes", m.MaxManifestBytes)
	switch {
	case r.ContentLength == web.NoLength:
		return nil, web.Status(411)
	case r.ContentLength > m.MaxManifestBytes:
		return nil, tooLarge
	}
	if err := r.CheckAuthorized(m.next, nil); err != nil {
		return nil, err
	}
	body, err := r.ReadWhole(m.MaxManifestBytes)
	if errors.Is(err, web.ErrBodyTooLong) {
		return nil, tooLarge
	}
	return body, err
}

// prepare checks the segments and makes the PUT of the manifest.
func (m *middleware) prepare(r *swift.Request, path swift.Path, list []wanted) (*swift.Request, []swift.FailedName, error) {
	segments, failed, err := m.check(r, path, list)
	if err != nil || len(failed) > 0 {
		return nil, failed, err
	}
	size, ok := contentBytes(segments)
	if !ok {
		return nil, nil, web.Status(413)
	}
	if err := r.Hold(encodedBytes(segments)); err != nil {
		return nil, nil, err
	}
	etag := etagOf(segments)
	if want := web.NormalizeETag(r.Header.Get("Etag")); want != "" && want != etag {
		return nil, nil, web.Status(422)
	}
	return manifestRequest(r, segments, etag, size), nil, nil
}

func (m *middleware) store(put *swift.Request) (*web.Response, error) {
	etag := put.Header.Get(etagSysmeta)
	res, err := m.next.Serve(put)
	if err == nil && res.Status/100 == 2 {
		res.Header.Set("Etag", `"`+etag+`"`)
	}
	return res, err
}

// manifestRequest returns the PUT of the manifest, with the lines of the
// client's request.
func manifestRequest(r *swift.Request, segments []segment, etag string, size int64) *swift.Request {
	body := encode(segments)
	put := r.Clone()
	put.Body, put.ContentLength = bytes.NewReader(body), int64(len(body))
	put.Header = r.Header.Clone()
	own := md5Hex(body)
	put.Header.Set("Etag", own)
	setSysmeta(&put.Header, own, etag, size)
	return put
}

// storeLate returns the end of an answer whose 202 has gone out before.
func (m *middleware) storeLate(r *swift.Request, path swift.Path, list []wanted, contentType string) []byte {
	put, failed, err := m.prepare(r, path, list)
	if len(failed) > 0 {
		err = web.Status(400)
	}
	if err != nil {
		return swift.HeartbeatResult(contentType, pyjson.Object{
			{Key: "Response Status", Value: statusLine(web.ErrorResponse(err).Status)},
			{Key: "Response Body", Value: web.PlainText(err)},
		}, failed, "upload")
	}
	res, err := m.store(put)
	if err != nil {
		res = web.ErrorResponse(err)
	}
	var text []byte
	if res.Body != nil {
		// Answers of a PUT are short; the bound is for answers out of order.
		const maxBodyBytes = 64 << 10
		text, _ = io.ReadAll(io.LimitReader(res.Body, maxBodyBytes))
		_ = res.Close() // there is nobody left to tell
	}
	values := pyjson.Object{{Key: "Response Status", Value: statusLine(res.Status)}}
	if res.Status/100 == 2 {
		values.Set("Etag", res.Header.Get("Etag"))
		values.Set("Last Modified", res.Header.Get("Last-Modified"))
	}
	values.Set("Response Body", string(text))
	return swift.HeartbeatResult(contentType, values, nil, "upload")
}

func statusLine(status int) string {
	return strconv.Itoa(status) + " " + web.StatusText(status)
}

func rangeText(r web.ByteRange) string {
	return strconv.FormatInt(r.Start, 10) + "-" + strconv.FormatInt(r.End-1, 10)
}

func isOwn(name string) bool {
	_, own := web.CutPrefix(name, "X-Object-Sysmeta-Slo-")
	_, override := web.CutPrefix(name, swift.OverridePrefix)
	return own || override || strings.EqualFold(name, shownHeader)
}
