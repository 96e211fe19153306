// SPDX-License-Identifier: Apache-2.0

package swift

import (
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"needletail/proxy/web"
)

func TestStartLargeObject(t *testing.T) {
	for want, cause := range map[int]error{
		409: errors.New("any"), 503: &web.StatusError{Status: 503},
	} {
		next := func() (web.Segment, error) {
			return web.Segment{Bytes: 3, Open: func(web.ByteRange) (io.ReadCloser, error) { return nil, cause }}, nil
		}
		err := StartLargeObject(web.NewSegmentBody(next, 0, 3))
		require.Equal(t, want, web.ErrorResponse(err).Status)
		require.ErrorIs(t, err, cause)
	}
	none := func() (web.Segment, error) { return web.Segment{}, io.EOF }
	require.NoError(t, StartLargeObject(web.NewSegmentBody(none, 0, 0)))
}

func TestOpenSegment(t *testing.T) {
	answer := func(status int, length int64) Handler {
		return HandlerFunc(func(r *Request) (*web.Response, error) {
			if status >= 400 {
				return nil, web.Status(status)
			}
			if want := map[int]string{200: "", 206: "bytes=2-4"}[status]; r.Header.Get("Range") != want {
				t.Errorf("status %d: Range %q", status, r.Header.Get("Range"))
			}
			return &web.Response{Status: status, ContentLength: length}, nil
		})
	}
	for _, c := range []struct {
		part   web.ByteRange
		status int
		length int64
		want   int // 0: no error
	}{
		{web.ByteRange{Start: 0, End: 10}, 200, 10, 0}, {web.ByteRange{Start: 2, End: 5}, 206, 3, 0},
		{web.ByteRange{Start: 0, End: 10}, 200, 9, 500}, {web.ByteRange{Start: 0, End: 10}, 200, -1, 500},
		{web.ByteRange{Start: 0, End: 10}, 404, 0, 404}, {web.ByteRange{Start: 0, End: 10}, 507, 0, 503},
	} {
		res, err := OpenSegment(answer(c.status, c.length), &Request{Request: &web.Request{Path: "/v1/a/c/o"}}, 10, c.part)
		if c.want == 0 {
			require.NoError(t, err)
			require.NotNil(t, res.Body)
			continue
		}
		require.Equal(t, c.want, web.ErrorResponse(err).Status, "%+v", c)
	}
	_, err := OpenSegment(answer(200, 9), &Request{Request: &web.Request{}}, 10, web.ByteRange{Start: 0, End: 10})
	require.ErrorIs(t, err, web.ErrSegmentChanged)
}
