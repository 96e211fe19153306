// SPDX-License-Identifier: Apache-2.0

package swift

import (
	"fmt"
	"io"
	"strconv"

	"needletail/proxy/web"
)

// OpenSegment asks next for a part of a segment of the given number of bytes.
// get is the request for the whole segment. An answer of another length is
// ErrSegmentChanged. A fault of the server is 503.
func OpenSegment(next Handler, get *Request, bytes int64, part web.ByteRange) (*web.Response, error) {
	want := 200
	if part.Start > 0 || part.End < bytes {
		get.Header.Set("Range", "bytes="+strconv.FormatInt(part.Start, 10)+"-"+strconv.FormatInt(part.End-1, 10))
		want = 206
	}
	res, err := next.Serve(get)
	if err != nil {
		return nil, segmentError(get, web.ErrorResponse(err).Status, err)
	}
	switch {
	case res.Status != want:
		err = segmentError(get, res.Status, fmt.Errorf("status %d", res.Status))
	case res.ContentLength != part.Length():
		err = segmentError(get, res.Status, fmt.Errorf("%w: %d bytes, not %d", web.ErrSegmentChanged, res.ContentLength, part.Length()))
	}
	if err == nil && res.Body == nil {
		res.Body = io.NopCloser(web.NoBody)
	}
	if err != nil {
		_ = res.Close() // err is the error to report
		return nil, err
	}
	return res, nil
}

// segmentError names the segment in an error. A fault of the server becomes
// 503.
func segmentError(get *Request, status int, cause error) error {
	err := fmt.Errorf("segment %s: %w", get.Path, cause)
	if status >= 500 {
		return &web.StatusError{Status: 503, Err: err}
	}
	return err
}

// StartLargeObject opens the first segment of a body before the answer begins.
// A large object without a readable first segment is then 409, or 503 for a
// fault of the server, and no torn body (swift/common/request_helpers.py:
// validate_first_segment).
func StartLargeObject(b *web.SegmentBody) error {
	err := b.Advance()
	if err == nil || err == io.EOF {
		return nil
	}
	_ = b.Close() // err is the error to report
	if web.ErrorResponse(err).Status == 503 {
		return err
	}
	return &web.StatusError{Status: 409, Err: err}
}
