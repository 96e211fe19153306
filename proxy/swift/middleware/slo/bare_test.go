// SPDX-License-Identifier: Apache-2.0

package slo

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// setBare stores a large object's list as container sync of a Swift stores the
// list: without sysmeta.
func (f *fake) setBare(name, list string) {
	f.objects["/v1/a/c/"+name] = fakeObject{body: list, header: web.Header{
		{Name: "Content-Type", Value: "x/y"}, {Name: shownHeader, Value: "True"},
	}}
}

// bare makes a large object of the list, keeps the list alone, and returns the
// list and the ETag of the large object.
func (f *fake) bare(t *testing.T, name, manifest string) (list, etag string) {
	t.Helper()
	f.put(t, name, manifest)
	stored := f.objects["/v1/a/c/"+name]
	f.setBare(name, stored.body)
	return stored.body, stored.header.Get(etagSysmeta)
}

const bareList = `[{"path": "/s/a"}, {"path": "/s/b", "range": "2-5"}, {"data": "eHl6"}]`

// A manifest without sysmeta is answered like the manifest with sysmeta.
func TestBareManifest(t *testing.T) {
	f, other := newFake("a", "b"), newFake("a", "b")
	list, etag := f.bare(t, "m", bareList)
	other.put(t, "m", bareList)
	for _, request := range []struct {
		status int
		line   string
		lines  []string
	}{
		{200, "GET", nil}, {200, "HEAD", nil}, {206, "GET", []string{"Range: bytes=8-12"}}, {416, "GET", []string{"Range: bytes=100-"}},
		{206, "GET", []string{"Range: bytes=-3"}}, {206, "GET", []string{"Range: bytes=0-1,5-6"}},
		{200, "GET", []string{"If-Match: " + etag}}, {412, "GET", []string{"If-Match: " + md5Hex([]byte(list))}},
		{412, "HEAD", []string{"If-Match: x"}}, {304, "GET", []string{"If-None-Match: " + etag}}, {304, "HEAD", []string{"If-None-Match: *"}},
		{200, "GET", []string{"If-None-Match: " + md5Hex([]byte(list))}}, {200, "HEAD", []string{"If-None-Match: x"}},
		{206, "GET", []string{"If-Match: " + etag, "Range: bytes=1-2"}}, {206, "GET ?part-number=2", nil}, {206, "HEAD ?part-number=3", nil},
		{200, "GET ?multipart-manifest=get", nil}, {200, "HEAD ?multipart-manifest=get", nil},
		{200, "GET ?multipart-manifest=get&format=raw", nil}, {200, "HEAD ?multipart-manifest=get&format=raw", nil},
	} {
		method, query, _ := strings.Cut(request.line, " ")
		line := method + " /v1/a/c/m" + query
		res, body := f.must(t, request.status, line, "", request.lines...)
		want, wantBody := other.must(t, request.status, line, "", request.lines...)
		boundary := func(res *web.Response, s string) string {
			_, b, ok := strings.Cut(res.Header.Get("Content-Type"), "boundary=")
			if ok {
				s = strings.ReplaceAll(s, b, "B")
			}
			return s
		}
		require.Equal(t, boundary(want, wantBody), boundary(res, body), request)
		require.Equal(t, want.ContentLength, res.ContentLength, request)
		for _, name := range []string{"Etag", "X-Manifest-Etag", shownHeader, "Content-Range", "X-Object-Sysmeta-Slo-Etag"} {
			require.Equal(t, want.Header.Get(name), res.Header.Get(name), "%s of %v", name, request)
		}
		contentType := boundary(want, want.Header.Get("Content-Type"))
		if request.status == 412 {
			contentType = web.HTMLType // of the controllers
		}
		require.Equal(t, contentType, boundary(res, res.Header.Get("Content-Type")), request)
		marks := 0
		for _, h := range res.Header {
			if h.Name == shownHeader {
				marks++
			}
		}
		require.Equal(t, 1, marks, request)
	}
}

// A bare manifest may be a segment, and a bare manifest may have large objects
// among the segments.
func TestBareManifestInManifest(t *testing.T) {
	for _, bare := range []string{"inner", "outer", "both"} {
		f := newFake("a", "b")
		const inner = `[{"path": "/s/a"}, {"path": "/s/b"}]`
		const outer = `[{"path": "/c/inner"}, {"path": "/s/a", "range": "0-0"}]`
		f.put(t, "inner", inner)
		if bare != "outer" {
			f.bare(t, "inner", inner)
		}
		f.put(t, "outer", outer)
		if bare != "inner" {
			f.bare(t, "outer", outer)
		}
		_, body := f.must(t, 200, "GET /v1/a/c/outer", "")
		require.Equal(t, strings.Repeat("a", 10)+strings.Repeat("b", 10)+"a", body)
		if bare != "outer" {
			changed := strings.Replace(f.objects["/v1/a/c/inner"].body, `"bytes": 10`, `"bytes": 9`, 1)
			f.setBare("inner", changed)
			f.must(t, 409, "GET /v1/a/c/outer", "")
		}
	}
}

// A list of Swift before 2.2 states the content of an inner manifest in the
// type.
func TestOldListStatesBytesInType(t *testing.T) {
	s := segment{Bytes: 100, SubSLO: true, ContentType: `x/y;swift_bytes="20"`}
	require.NoError(t, s.measure())
	require.Equal(t, int64(20), s.part.Length())
	for _, contentType := range []string{"x/y", "x/y;swift_bytes=no", "x/y;swift_bytes=-1", "x/y;swift_bytes", "x/y;a=swift_bytes"} {
		s := segment{Bytes: 100, SubSLO: true, ContentType: contentType}
		require.NoError(t, s.measure())
		require.Equal(t, int64(100), s.part.Length(), contentType)
	}
	s = segment{Bytes: 100, ContentType: "x/y;swift_bytes=20"}
	require.NoError(t, s.measure())
	require.Equal(t, int64(100), s.part.Length(), "no manifest")
}

func TestBareManifestIsDeletedWithSegments(t *testing.T) {
	f := newFake("a", "b")
	f.bare(t, "m", bareList)
	f.must(t, 200, "DELETE /v1/a/c/m?multipart-manifest=delete", "")
	require.Empty(t, f.names())
}

// A bare manifest that cannot be read, or that is gone at the second look, is no
// answer.
func TestBareManifestFaults(t *testing.T) {
	f := newFake("a")
	for _, list := range []string{"", "no list", `[{"name": "/s/a", "bytes": 9223372036854775807}, {"name": "/s/a", "bytes": 1}]`} {
		f.setBare("m", list)
		for _, method := range []string{"GET", "HEAD"} {
			res, _, err := f.try(DefaultOptions(), method+" /v1/a/c/m", "")
			require.Equal(t, 500, res.Status, "%q: %v", list, err)
		}
	}
	f.bare(t, "m", `[{"path": "/s/a"}]`)
	f.before = func(r *swift.Request) (*web.Response, error) {
		if r.Source == source {
			return web.NewBytes(200, "x/y", []byte("an object without a list")), nil
		}
		return nil, nil
	}
	res, _, _ := f.try(DefaultOptions(), "HEAD /v1/a/c/m", "")
	require.Equal(t, 503, res.Status)
}

// repeatPut sends a PUT of another cluster.
func (f *fake) repeatPut(body string, lines ...string) *web.Response {
	r := &swift.Request{Request: &web.Request{
		Method: "PUT", Path: "/v1/a/c/m", RawPath: "/v1/a/c/m", Body: strings.NewReader(body), ContentLength: int64(len(body)),
	}, Repeats: true}
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Add(name, value)
	}
	res, err := New(DefaultOptions(), nil)(f).Serve(r)
	if err != nil {
		return web.ErrorResponse(err)
	}
	return res
}

// A manifest of another cluster is stored to the byte, and needs no segments.
func TestRepeatedManifest(t *testing.T) {
	here, there := newFake(), newFake("a", "b")
	list, etag := there.bare(t, "m", bareList)
	put := here.repeatPut(list, "X-Static-Large-Object: True", "Etag: "+md5Hex([]byte(list)), "Content-Type: x/y", "X-Object-Meta-A: b")
	require.Equal(t, 201, put.Status)
	stored := here.objects["/v1/a/c/m"]
	require.Equal(t, list, stored.body)
	for name, value := range map[string]string{
		etagSysmeta: etag, sizeSysmeta: "17", swift.OverrideETag: md5Hex([]byte(list)) + "; slo_etag=" + etag, swift.OverridePrefix + "Size": "17",
		"Etag": md5Hex([]byte(list)), "X-Object-Meta-A": "b", "Content-Type": "x/y",
	} {
		require.Equal(t, value, stored.header.Get(name), name)
	}
	require.False(t, stored.header.Has(shownHeader))
	here.must(t, 409, "GET /v1/a/c/m", "")

	require.Equal(t, 201, here.repeatPut("plain").Status)
	require.Equal(t, "plain", here.objects["/v1/a/c/m"].body)
	require.Equal(t, 400, here.repeatPut("no list", "X-Static-Large-Object: True").Status)
	require.Equal(t, "plain", here.objects["/v1/a/c/m"].body)
	require.Equal(t, 400, here.repeatPut(`[{"name": "/s/a", "bytes": 9223372036854775807}, {"name": "/s/a", "bytes": 1}]`, "X-Static-Large-Object: True").Status)
	here.denied = "c"
	require.Equal(t, 403, here.repeatPut(list, "X-Static-Large-Object: True").Status)
	require.Equal(t, 400, here.mustBe(t, "PUT /v1/a/c/m", list, "X-Static-Large-Object: True"), "a client must not")
}

func (f *fake) mustBe(t *testing.T, request, body string, lines ...string) int {
	t.Helper()
	res, _, err := f.try(DefaultOptions(), request, body, lines...)
	require.NoError(t, err)
	return res.Status
}
