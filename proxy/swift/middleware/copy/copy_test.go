// SPDX-License-Identifier: Apache-2.0

package copy

import (
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// site answers the source's GET with src and keeps what it was asked.
type site struct {
	src      *web.Response
	get, put *swift.Request
	body     string
	putErr   error
}

func (s *site) Serve(r *swift.Request) (*web.Response, error) {
	if r.Method == "GET" {
		s.get = r
		return s.src, nil
	}
	s.put = r
	body, err := io.ReadAll(r.Body)
	s.body, s.putErr = string(body), err
	if err != nil {
		return nil, err
	}
	return web.StatusPage(201), nil
}

func source200(body string, fields ...string) *web.Response {
	res := web.NewBytes(200, "text/plain", []byte(body))
	for _, f := range fields {
		name, value, _ := strings.Cut(f, ": ")
		res.Header.Add(name, value)
	}
	return res
}

func (s *site) copy(t *testing.T, query string, fields ...string) *web.Response {
	t.Helper()
	r := &swift.Request{Request: &web.Request{
		Method: "COPY", Path: "/v1/a/c/o", RawQuery: query, Body: web.NoBody,
		Host: "h", Scheme: "https", RemoteAddr: "1.2.3.4", TransID: "tx1",
	}}
	r.Header.Add("Destination", "d/n")
	for _, f := range fields {
		name, value, _ := strings.Cut(f, ": ")
		r.Header.Add(name, value)
	}
	res, err := New(swift.DefaultLimits())(s).Serve(r)
	require.NoError(t, err)
	return res
}

func TestSubrequests(t *testing.T) {
	s := &site{src: source200("body", `Etag: "e1"`, "X-Object-Sysmeta-Keep: k", "X-Object-Meta-A: 1",
		"Content-Range: x", "X-Timestamp: 1", "Last-Modified: then", "X-Object-Version-Id: v1")}
	res := s.copy(t, "version-id=v1&x=y", "Range: bytes=0-", "If-Match: e1", "Referer: http://r/", "Expect: 100-continue",
		"X-Object-Meta-B: 2", "X-Auth-Token: t")
	require.Equal(t, 201, res.Status)
	require.Equal(t, "v1", res.Header.Get("X-Copied-From-Version-Id"))
	require.Equal(t, "then", res.Header.Get("X-Copied-From-Last-Modified"))

	require.Equal(t, "/v1/a/c/o", s.get.Path)
	require.Equal(t, "version-id=v1&x=y", s.get.RawQuery)
	for name, want := range map[string]string{"Range": "bytes=0-", "If-Match": "e1", "Referer": "http://r/", "X-Newest": "true", "Destination": ""} {
		require.Equal(t, want, s.get.Header.Get(name), name)
	}
	require.Equal(t, "/v1/a/d/n", s.put.Path)
	require.Equal(t, "x=y", s.put.RawQuery)
	require.Equal(t, "body", s.body)
	for name, want := range map[string]string{
		"Range": "", "If-Match": "", "Expect": "", "Destination": "", "Content-Range": "", "X-Timestamp": "", "Last-Modified": "",
		"Referer": "http://r/", "X-Object-Sysmeta-Keep": "k", "X-Object-Meta-A": "1", "X-Object-Meta-B": "2",
		"Etag": "e1", "Content-Type": "text/plain",
	} {
		require.Equal(t, want, s.put.Header.Get(name), name)
	}
	for _, r := range []*swift.Request{s.get, s.put} {
		require.Equal(t, "SSC", r.Source)
		require.Equal(t, "tx1", r.TransID)
		require.Equal(t, "1.2.3.4", r.RemoteAddr)
	}
}

func TestLargeObjects(t *testing.T) {
	const slo, dlo = "X-Static-Large-Object: True", "X-Object-Manifest: c/p"
	override := listingOverride + "Etag: x"
	for _, c := range []struct {
		name, query, source    string
		getQuery, putQuery     string
		wantEtag, wantManifest string
		wantOverride           bool
	}{
		{name: "plain", source: "X-Object-Meta-A: 1", wantEtag: "e", wantOverride: true},
		{name: "slo", source: slo},
		{name: "dlo", source: dlo},
		{name: "slo manifest", query: "multipart-manifest=get", source: slo,
			getQuery: "format=raw&multipart-manifest=get", putQuery: "multipart-manifest=put"},
		{name: "dlo manifest", query: "multipart-manifest=get", source: dlo,
			getQuery: "format=raw&multipart-manifest=get", wantEtag: "e", wantManifest: "c/p", wantOverride: true},
		{name: "plain as manifest", query: "multipart-manifest=get", source: "X-Object-Meta-A: 1",
			getQuery: "format=raw&multipart-manifest=get", putQuery: "multipart-manifest=get", wantEtag: "e", wantOverride: true},
	} {
		s := &site{src: source200("b", "Etag: e", c.source, override)}
		require.Equal(t, 201, s.copy(t, c.query).Status)
		require.Equal(t, c.getQuery, s.get.RawQuery, c.name)
		require.Equal(t, c.putQuery, s.put.RawQuery, c.name)
		require.Equal(t, c.wantEtag, s.put.Header.Get("Etag"), c.name)
		require.Equal(t, c.wantManifest, s.put.Header.Get("X-Object-Manifest"), c.name)
		require.Equal(t, c.wantOverride, s.put.Header.Has(listingOverride+"Etag"), c.name)
		require.False(t, s.put.Header.Has("X-Static-Large-Object"), c.name)
	}
}

func TestRangeIsNotVerifiedByTheWholeEtag(t *testing.T) {
	s := &site{src: source200("b", "Etag: e")}
	s.src.Status = 206
	require.Equal(t, 201, s.copy(t, "").Status)
	require.False(t, s.put.Header.Has("Etag"))
}

func TestUnknownLengthIsRefused(t *testing.T) {
	s := &site{src: source200("b")}
	s.src.ContentLength = -1
	r := &swift.Request{Request: &web.Request{Method: "COPY", Path: "/v1/a/c/o", Header: web.Header{{Name: "Destination", Value: "d/n"}}}}
	_, err := New(swift.DefaultLimits())(s).Serve(r)
	require.Equal(t, 413, web.ErrorResponse(err).Status)
	require.Nil(t, s.put)
}

// closing counts Close.
type closing struct {
	io.Reader
	closed int
}

func (c *closing) Close() error { c.closed++; return nil }

func TestSourceIsClosedAndItsFaultIsNotTheClients(t *testing.T) {
	broken := errors.New("disk")
	for name, c := range map[string]struct {
		body io.Reader
		want error
	}{
		"whole":  {strings.NewReader("0123"), nil},
		"short":  {strings.NewReader("01"), errShortSource},
		"broken": {io.MultiReader(strings.NewReader("01"), failing{broken}), broken},
	} {
		body := &closing{Reader: c.body}
		s := &site{src: source200("")}
		s.src.Body, s.src.ContentLength = body, 4
		r := &swift.Request{Request: &web.Request{Method: "COPY", Path: "/v1/a/c/o", Header: web.Header{{Name: "Destination", Value: "d/n"}}}}
		_, err := New(swift.DefaultLimits())(s).Serve(r)
		require.Equal(t, 1, body.closed, name)
		if c.want == nil {
			require.NoError(t, err)
			continue
		}
		require.ErrorIs(t, s.putErr, c.want, name)
		require.Equal(t, 500, web.ErrorResponse(err).Status, name)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func FuzzObjectPath(f *testing.F) {
	for _, s := range []string{"c/o", "/c/o", "//o", "c", "c/", "%2Fc%2Fo%2F/", "%zz/%"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, quoted string) {
		container, object, err := objectPath("Destination", quoted)
		if err != nil {
			return
		}
		require.NotEmpty(t, container)
		require.NotEmpty(t, object)
		require.NotContains(t, container, "/")
		require.Equal(t, strings.TrimPrefix(web.Unquote(quoted), "/"), container+"/"+object)
	})
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

// TestCopyKeepsNothing: 2 GiB go through, less than 1 MiB is allocated.
func TestCopyKeepsNothing(t *testing.T) {
	const sizeBytes = 2 << 30
	var got int64
	h := New(swift.DefaultLimits())(swift.HandlerFunc(func(r *swift.Request) (*web.Response, error) {
		if r.Method == "GET" {
			body := io.NopCloser(io.LimitReader(zeros{}, sizeBytes))
			return &web.Response{Status: 200, Body: body, ContentLength: sizeBytes}, nil
		}
		require.EqualValues(t, sizeBytes, r.ContentLength)
		var err error
		got, err = io.CopyBuffer(struct{ io.Writer }{io.Discard}, r.Body, make([]byte, 256<<10))
		return web.StatusPage(201), err
	}))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := h.Serve(&swift.Request{Request: &web.Request{Method: "COPY", Path: "/v1/a/c/o", Header: web.Header{{Name: "Destination", Value: "d/n"}}}})
	runtime.ReadMemStats(&after)
	require.NoError(t, err)
	require.EqualValues(t, sizeBytes, got)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<20))
}
