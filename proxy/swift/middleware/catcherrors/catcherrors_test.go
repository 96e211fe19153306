// SPDX-License-Identifier: Apache-2.0

package catcherrors

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"needletail/objstore"
	"needletail/proxy/swift"
	"needletail/proxy/web"
)

func serve(t *testing.T, r *swift.Request, res *web.Response, err error) (*web.Response, string, error) {
	t.Helper()
	var log bytes.Buffer
	h := New(slog.New(slog.NewTextHandler(&log, nil)))(swift.HandlerFunc(
		func(*swift.Request) (*web.Response, error) { return res, err }))
	got, gotErr := h.Serve(r)
	return got, log.String(), gotErr
}

func TestEveryAnswerHasItsTransactionID(t *testing.T) {
	for name, err := range map[string]error{
		"none": nil, "status": web.Status(404), "kind": &objstore.Error{Kind: objstore.KindNotEmpty},
		"unknown": errors.New("boom"), "wrapped": fmt.Errorf("x: %w", web.Status(412)),
	} {
		r := &swift.Request{Request: &web.Request{Method: "GET", Path: "/v1/a", Header: web.Header{{Name: "X-Trans-Id-Extra", Value: "a b"}}}}
		res := web.NewResponse(200, web.HeaderField{Name: "X-Trans-Id", Value: "inner"})
		if err != nil {
			res = nil
		}
		got, _, gotErr := serve(t, r, res, err)
		require.NoError(t, gotErr, name)
		id := got.Header.Get("X-Trans-Id")
		require.Regexp(t, regexp.MustCompile(`^tx[0-9a-f]{21}-[0-9a-f]{10}-a%20b$`), id, name)
		require.Equal(t, id, got.Header.Get("X-Openstack-Request-Id"), name)
		require.Equal(t, id, r.TransID, name)
	}
}

func TestErrorsAreRenderedAndTold(t *testing.T) {
	r := &swift.Request{Request: &web.Request{Method: "PUT", Path: "/v1/a/c/o\n", RawQuery: "temp_url_sig=SECRET", TransID: "txgiven"}}
	res, log, err := serve(t, r, nil, &objstore.Error{Kind: objstore.KindCorrupt, Op: "open", Name: "/a/c/o"})
	require.NoError(t, err)
	require.Equal(t, 500, res.Status)
	require.Equal(t, "txgiven", res.Header.Get("X-Trans-Id"))
	require.Empty(t, log, "the front logs")
	require.ErrorIs(t, r.Log.Cause, objstore.KindCorrupt)
	r.Log.Cause = nil

	res, log, err = serve(t, r, nil, web.Statusf(409, "no"))
	require.NoError(t, err)
	body, _ := io.ReadAll(res.Body)
	require.Equal(t, "no", string(body))
	require.Empty(t, log)
	require.NoError(t, r.Log.Cause)
}

func TestErrorsOfHEADHaveNoPage(t *testing.T) {
	for _, c := range []struct {
		method string
		status int
		length bool
	}{{"HEAD", 404, false}, {"HEAD", 401, false}, {"HEAD", 500, false}, {"GET", 404, true}} {
		r := &swift.Request{Request: &web.Request{Method: c.method, Path: "/v1/a"}}
		res, _, err := serve(t, r, nil, web.Status(c.status))
		require.NoError(t, err)
		require.Equal(t, c.status, res.Status)
		require.Equal(t, c.length, res.ContentLength > 0, "%+v", c)
		require.Equal(t, c.length, res.Body != nil, "%+v", c)
	}
	whole := web.NewBytes(200, "text/plain", []byte("abc"))
	res, _, err := serve(t, &swift.Request{Request: &web.Request{Method: "HEAD", Path: "/v1/a"}}, whole, nil)
	require.NoError(t, err)
	require.EqualValues(t, 3, res.ContentLength, "the length of what GET would send")
}
