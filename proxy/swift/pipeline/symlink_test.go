// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// newSymlinkSite has a link in AUTH_test/links to an object in AUTH_test/data,
// and a static one to the same.
func newSymlinkSite(t *testing.T) *site {
	s := newSite(t)
	s.must(201, "owner", "PUT /v1/AUTH_test/links", "", "X-Container-Read: test2:tester2,.r:*")
	s.must(201, "owner", "PUT /v1/AUTH_test/data", "")
	s.must(201, "owner", "PUT /v1/AUTH_test/data/o%20%C3%BC", "0123456789", "Content-Type: a/b", "X-Object-Meta-A: 1")
	s.must(201, "owner", "PUT /v1/AUTH_test/links/l", "", "X-Symlink-Target: data/o%20%C3%BC")
	s.must(201, "owner", "PUT /v1/AUTH_test/links/s", "", "X-Symlink-Target: data/o%20%C3%BC", "X-Symlink-Target-Etag: "+etagOf("0123456789"))
	return s
}

const symlinkPath = "/v1/AUTH_test/data/o%20%C3%BC"

func TestSymlink(t *testing.T) {
	s := newSymlinkSite(t)
	for _, link := range []string{"l", "s"} {
		path := "/v1/AUTH_test/links/" + link
		a := s.must(200, "owner", "GET "+path, "")
		require.Equal(t, "0123456789", a.body)
		require.Equal(t, "a/b", a.header.Get("Content-Type"))
		require.Equal(t, "1", a.header.Get("X-Object-Meta-A"))
		require.Equal(t, symlinkPath, a.header.Get("Content-Location"))
		require.Equal(t, "345", s.must(206, "owner", "GET "+path, "", "Range: bytes=3-5").body)
		a = s.must(416, "owner", "GET "+path, "", "Range: bytes=10-")
		require.Equal(t, "bytes */10", a.header.Get("Content-Range"))
		require.Equal(t, symlinkPath, a.header.Get("Content-Location"))
		s.must(200, "owner", "HEAD "+path, "", "If-Match: "+etagOf("0123456789"))
		s.must(412, "owner", "GET "+path, "", "If-Match: "+swift.EmptyETag)
		a = s.must(304, "owner", "GET "+path, "", "If-None-Match: "+etagOf("0123456789"))
		require.Equal(t, symlinkPath, a.header.Get("Content-Location"))

		a = s.must(200, "owner", "GET "+path+"?symlink=get", "")
		require.Empty(t, a.body)
		require.Equal(t, "data/o%20%C3%BC", a.header.Get("X-Symlink-Target"))
		require.Equal(t, swift.EmptyETag, a.header.Get("Etag"))
		require.False(t, a.header.Has("Content-Location"))
		for _, f := range a.header {
			_, sysmeta := web.CutPrefix(f.Name, "X-Object-Sysmeta-")
			require.False(t, sysmeta, f.Name)
		}
		a = s.must(307, "owner", "POST "+path, "", "X-Object-Meta-Link: yes")
		require.Equal(t, symlinkPath, a.header.Get("Location"))
		require.Equal(t, "yes", s.must(200, "owner", "HEAD "+path+"?symlink=get", "").header.Get("X-Object-Meta-Link"))
		require.Empty(t, s.must(200, "owner", "HEAD "+path, "").header.Get("X-Object-Meta-Link"))
	}
	list := s.must(200, "owner", "GET /v1/AUTH_test/links?format=json", "").body
	require.Contains(t, list, `{"bytes": 0, "hash": "`+swift.EmptyETag+`", "name": "l", "content_type": "application/symlink"`)
	require.Contains(t, list, `"name": "s", "content_type": "a/b"`)
	require.Contains(t, list, `"symlink_etag": "`+etagOf("0123456789")+`", "symlink_bytes": 10, "symlink_path": "`+symlinkPath+`"}]`)
	require.NotContains(t, s.must(200, "owner", "GET /v1/AUTH_test/links?format=xml", "").body, "symlink_path")

	s.must(201, "owner", "PUT /v1/AUTH_test/data/o%20%C3%BC", "changed")
	require.Equal(t, "changed", s.must(200, "owner", "GET /v1/AUTH_test/links/l", "").body)
	s.must(409, "owner", "GET /v1/AUTH_test/links/s", "")
	s.must(204, "owner", "DELETE /v1/AUTH_test/data/o%20%C3%BC", "")
	a := s.must(404, "owner", "GET /v1/AUTH_test/links/l", "")
	require.Equal(t, symlinkPath, a.header.Get("Content-Location"))
	s.must(307, "owner", "POST /v1/AUTH_test/links/l", "")
	s.must(201, "owner", "PUT /v1/AUTH_test/links/l", "plain")
	require.Equal(t, "plain", s.must(200, "owner", "GET /v1/AUTH_test/links/l", "").body)
	require.NotContains(t, s.must(200, "owner", "GET /v1/AUTH_test/links?format=json&prefix=l", "").body, "symlink")
	s.must(204, "owner", "DELETE /v1/AUTH_test/links/s", "")
}

// A link gives no right over its target, and a client cannot forge one.
func TestSymlinkRights(t *testing.T) {
	s := newSymlinkSite(t)
	s.must(403, "other", "GET /v1/AUTH_test/links/l", "")
	s.must(401, "none", "GET /v1/AUTH_test/links/l", "")
	s.must(204, "owner", "POST /v1/AUTH_test/data", "", "X-Container-Read: test2:tester2,.r:.good.example")
	s.must(200, "other", "GET /v1/AUTH_test/links/l", "")
	s.must(200, "none", "GET /v1/AUTH_test/links/l", "", "Referer: http://a.good.example/")
	s.must(201, "other", "PUT /v1/AUTH_test2/c", "")
	mine := []string{"X-Symlink-Target: data/o%20%C3%BC", "X-Symlink-Target-Account: AUTH_test"}
	s.must(201, "other", "PUT /v1/AUTH_test2/c/l", "", append(mine, "X-Symlink-Target-Etag: "+etagOf("0123456789"))...)
	s.must(200, "other", "GET /v1/AUTH_test2/c/l", "")
	s.must(204, "owner", "POST /v1/AUTH_test/data", "", "X-Container-Read: .r:.good.example")
	s.must(201, "other", "PUT /v1/AUTH_test2/c/l", "", append(mine, "X-Symlink-Target-Etag: "+etagOf("0123456789"), "Referer: http://a.good.example/")...)
	s.must(204, "owner", "POST /v1/AUTH_test/data", "", "X-Container-Read: ")
	s.must(403, "other", "PUT /v1/AUTH_test2/c/l", "", append(mine, "X-Symlink-Target-Etag: "+etagOf("0123456789"))...)
	s.must(201, "other", "PUT /v1/AUTH_test2/c/forged", "", append(mine, "X-Object-Sysmeta-Symlink-Target: data/o")...)
	for _, link := range []string{"l", "forged"} {
		a := s.must(403, "other", "GET /v1/AUTH_test2/c/"+link, "")
		require.Equal(t, symlinkPath, a.header.Get("Content-Location"))
	}
}

func TestSymlinkCopies(t *testing.T) {
	s := newSymlinkSite(t)
	for _, link := range []string{"l", "s"} {
		path := "/v1/AUTH_test/links/" + link
		s.must(201, "owner", "COPY "+path, "", "Destination: links/plain")
		a := s.must(200, "owner", "GET /v1/AUTH_test/links/plain", "")
		require.Equal(t, "0123456789", a.body)
		require.False(t, a.header.Has("Content-Location"))
		require.NotContains(t, s.must(200, "owner", "GET /v1/AUTH_test/links?format=json&prefix=plain", "").body, "symlink")

		want := s.must(200, "owner", "HEAD "+path+"?symlink=get", "").header
		for _, request := range [][]string{
			{"COPY " + path + "?symlink=get", "Destination: links/copied"},
			{"PUT /v1/AUTH_test/links/copied?symlink=get", "X-Copy-From: links/" + link},
		} {
			a := s.must(201, "owner", request[0], "", request[1])
			require.Equal(t, "links/"+link, a.header.Get("X-Copied-From"))
			got := s.must(200, "owner", "HEAD /v1/AUTH_test/links/copied?symlink=get", "").header
			for _, name := range []string{"X-Symlink-Target", "X-Symlink-Target-Account", "X-Symlink-Target-Etag", "X-Symlink-Target-Bytes", "Content-Type", "Etag"} {
				require.Equal(t, want.Get(name), got.Get(name), name)
			}
			require.Equal(t, "0123456789", s.must(200, "owner", "GET /v1/AUTH_test/links/copied", "").body)
			require.Contains(t, s.must(200, "owner", "GET /v1/AUTH_test/links?format=json&prefix=copied", "").body, `"symlink_path": "`+symlinkPath+`"`)
			s.must(204, "owner", "DELETE /v1/AUTH_test/links/copied", "")
		}
	}
	// Copied into another account a link without one means that one's objects,
	// unless the copy says otherwise.
	s.must(201, "other", "PUT /v1/AUTH_test2/c", "", "X-Container-Write: test:tester")
	s.must(201, "owner", "COPY /v1/AUTH_test/links/l?symlink=get", "", "Destination: c/l", "Destination-Account: AUTH_test2")
	require.Equal(t, "/v1/AUTH_test2/data/o%20%C3%BC", s.must(404, "other", "GET /v1/AUTH_test2/c/l", "").header.Get("Content-Location"))
	require.Contains(t, s.must(200, "other", "GET /v1/AUTH_test2/c?format=json", "").body, `"symlink_path": "/v1/AUTH_test2/data/`)
	s.must(201, "owner", "COPY /v1/AUTH_test/links/l?symlink=get", "", "Destination: c/l", "Destination-Account: AUTH_test2", "X-Symlink-Target-Account: AUTH_test")
	require.Contains(t, s.must(200, "other", "GET /v1/AUTH_test2/c?format=json", "").body, `"symlink_path": "`+symlinkPath+`"`)
	// Fresh metadata leave no link behind, and nothing of one in the listing.
	s.must(201, "owner", "COPY /v1/AUTH_test/links/l?symlink=get", "", "Destination: links/fresh", "X-Fresh-Metadata: true")
	require.Empty(t, s.must(200, "owner", "GET /v1/AUTH_test/links/fresh", "").body)
	require.NotContains(t, s.must(200, "owner", "GET /v1/AUTH_test/links?format=json&prefix=fresh", "").body, "symlink_path")
}

// A link to a manifest, and the version of one, have the manifest's content.
func TestLinksAndVersionsOfStaticManifests(t *testing.T) {
	s := newSymlinkSite(t)
	manifest := `[{"path": "data/o ü"}, {"path": "data/o ü", "range": "0-1"}]`
	s.must(201, "owner", "PUT /v1/AUTH_test/data/slo?multipart-manifest=put", manifest)
	a := s.must(200, "owner", "HEAD /v1/AUTH_test/data/slo", "")
	etag, own := a.header.Get("Etag"), a.header.Get("X-Manifest-Etag")
	s.must(201, "owner", "PUT /v1/AUTH_test/links/m", "", "X-Symlink-Target: data/slo", "X-Symlink-Target-Etag: "+own)
	a = s.must(200, "owner", "GET /v1/AUTH_test/links/m", "")
	require.Equal(t, "012345678901", a.body)
	require.Equal(t, etag, a.header.Get("Etag"))
	require.Equal(t, "/v1/AUTH_test/data/slo", a.header.Get("Content-Location"))
	require.Equal(t, "901", s.must(206, "owner", "GET /v1/AUTH_test/links/m", "", "Range: bytes=9-").body)
	s.must(304, "owner", "GET /v1/AUTH_test/links/m", "", "If-None-Match: "+etag)
	list := s.must(200, "owner", "GET /v1/AUTH_test/links?format=json&prefix=m", "").body
	require.Contains(t, list, `"symlink_etag": "`+own+`", "symlink_bytes": 12`)
	require.Contains(t, list, `"slo_etag": "\"`+strings.Trim(etag, `"`)+`\""`)
	s.must(201, "owner", "COPY /v1/AUTH_test/links/m?symlink=get", "", "Destination: links/m2")
	require.Equal(t, strings.Replace(lastEntry(list), `"m"`, `"m2"`, 1),
		lastEntry(s.must(200, "owner", "GET /v1/AUTH_test/links?format=json&prefix=m2", "").body))

	s.must(201, "owner", "PUT /v1/AUTH_test/old", "")
	s.must(204, "owner", "POST /v1/AUTH_test/data", "", "X-Versions-Location: old")
	s.must(201, "owner", "PUT /v1/AUTH_test/data/slo", "plain")
	require.Contains(t, s.must(200, "owner", "GET /v1/AUTH_test/old?format=json", "").body, `[{"bytes": 12, "hash": "`+own+`"`)
	s.must(409, "owner", "GET /v1/AUTH_test/links/m", "")
	s.must(204, "owner", "DELETE /v1/AUTH_test/data/slo", "")
	require.Equal(t, "012345678901", s.must(200, "owner", "GET /v1/AUTH_test/links/m", "").body)
}

// lastEntry is a listing of one entry without its time.
func lastEntry(list string) string {
	before, after, _ := strings.Cut(list, `"last_modified": "`)
	_, after, _ = strings.Cut(after, `"`)
	return before + after
}
