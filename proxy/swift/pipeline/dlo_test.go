// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// newDLOSite has a manifest over three segments in a container of their own.
func newDLOSite(t *testing.T) *site {
	s := newSite(t)
	s.must(201, "owner", "PUT /v1/AUTH_test/c", "", "X-Container-Read: .r:*")
	s.must(201, "owner", "PUT /v1/AUTH_test/segs", "")
	for name, body := range map[string]string{"o/1": "aaa", "o/2": "bbb", "o/3": "ccc", "p": "no"} {
		s.must(201, "owner", "PUT /v1/AUTH_test/segs/"+name, body)
	}
	s.must(201, "owner", "PUT /v1/AUTH_test/c/o", "own", "X-Object-Manifest: segs/o%2F", "Content-Type: x/y", "X-Object-Meta-A: 1")
	return s
}

func TestDLO(t *testing.T) {
	s := newDLOSite(t)
	etag := `"` + etagOf(etagOf("aaa")+etagOf("bbb")+etagOf("ccc")) + `"`
	a := s.must(200, "owner", "GET /v1/AUTH_test/c/o", "")
	require.Equal(t, "aaabbbccc", a.body)
	require.Equal(t, etag, a.header.Get("Etag"))
	require.Equal(t, "segs/o%2F", a.header.Get("X-Object-Manifest"))
	require.Equal(t, "1", a.header.Get("X-Object-Meta-A"))
	a = s.must(206, "owner", "GET /v1/AUTH_test/c/o", "", "Range: bytes=2-6")
	require.Equal(t, "abbbc", a.body)
	require.Equal(t, "bytes 2-6/9", a.header.Get("Content-Range"))
	a = s.must(200, "owner", "GET /v1/AUTH_test/c/o", "", "Range: bytes=0-1,3-4")
	require.Equal(t, "aaabbbccc", a.body)
	require.Equal(t, "x/y", a.header.Get("Content-Type"))
	s.must(304, "owner", "GET /v1/AUTH_test/c/o", "", "If-None-Match: "+etag)
	s.must(412, "owner", "HEAD /v1/AUTH_test/c/o", "", "If-Match: "+etagOf("own"))
	require.Equal(t, "own", s.must(200, "owner", "GET /v1/AUTH_test/c/o?multipart-manifest=get", "").body)
	s.must(400, "owner", "PUT /v1/AUTH_test/c/bad", "", "X-Object-Manifest: segs")

	s.must(202, "owner", "POST /v1/AUTH_test/c/o", "")
	require.Equal(t, "own", s.must(200, "owner", "GET /v1/AUTH_test/c/o", "").body, "a POST without the header ends it")
	s.must(202, "owner", "POST /v1/AUTH_test/c/o", "", "X-Object-Manifest: segs/o/")
	require.Equal(t, "aaabbbccc", s.must(200, "owner", "GET /v1/AUTH_test/c/o", "").body)
}

// Who may read the manifest needs the right to list and read the segments too.
func TestDLOSegmentsKeepTheirRights(t *testing.T) {
	s := newDLOSite(t)
	s.must(401, "none", "GET /v1/AUTH_test/c/o", "")
	s.must(403, "other", "GET /v1/AUTH_test/c/o", "")
	s.must(204, "owner", "POST /v1/AUTH_test/segs", "", "X-Container-Read: .r:*")
	s.must(401, "none", "GET /v1/AUTH_test/c/o", "")
	s.must(204, "owner", "POST /v1/AUTH_test/segs", "", "X-Container-Read: .r:*,.rlistings")
	require.Equal(t, "aaabbbccc", s.must(200, "none", "GET /v1/AUTH_test/c/o", "").body)
	s.must(204, "owner", "POST /v1/AUTH_test/segs", "", "X-Container-Read: .r:.good.example,.rlistings")
	s.must(200, "none", "GET /v1/AUTH_test/c/o", "", "Referer: http://www.good.example/")
	s.must(401, "none", "GET /v1/AUTH_test/c/o", "", "Referer: http://www.evil.example/")
	s.must(404, "owner", "PUT /v1/AUTH_test/gone/o", "")
	s.must(202, "owner", "POST /v1/AUTH_test/c/o", "", "X-Object-Manifest: gone/o")
	s.must(404, "owner", "GET /v1/AUTH_test/c/o", "")
}

func TestDLOCopies(t *testing.T) {
	s := newDLOSite(t)
	s.must(201, "owner", "COPY /v1/AUTH_test/c/o", "", "Destination: c/plain")
	a := s.must(200, "owner", "GET /v1/AUTH_test/c/plain", "")
	require.Equal(t, "aaabbbccc", a.body)
	require.Equal(t, etagOf("aaabbbccc"), a.header.Get("Etag"))
	require.Empty(t, a.header.Get("X-Object-Manifest"))
	s.must(201, "owner", "COPY /v1/AUTH_test/c/o?multipart-manifest=get", "", "Destination: c/manifest")
	a = s.must(200, "owner", "GET /v1/AUTH_test/c/manifest", "")
	require.Equal(t, "aaabbbccc", a.body)
	require.Equal(t, "segs/o%2F", a.header.Get("X-Object-Manifest"))
}
