// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"needletail/objstore"
)

const sloManifest = `[{"path":"/segs/1","size_bytes":3},{"path":"/segs/2"},{"data":"aGVsbG8="}]`

// newSLOSite has a large object over two segments in a container of their own.
func newSLOSite(t *testing.T) *site {
	s := newSite(t)
	s.must(201, "owner", "PUT /v1/AUTH_test/c", "", "X-Container-Read: .r:*")
	s.must(201, "owner", "PUT /v1/AUTH_test/segs", "")
	s.must(201, "owner", "PUT /v1/AUTH_test/segs/1", "aaa")
	s.must(201, "owner", "PUT /v1/AUTH_test/segs/2", "bbb")
	s.must(201, "owner", "PUT /v1/AUTH_test/c/o?multipart-manifest=put", sloManifest, "Content-Type: x/y", "X-Object-Meta-A: 1")
	return s
}

func TestSLO(t *testing.T) {
	s := newSLOSite(t)
	etag := `"` + etagOf(etagOf("aaa")+etagOf("bbb")+etagOf("hello")) + `"`
	a := s.must(200, "owner", "GET /v1/AUTH_test/c/o", "")
	require.Equal(t, "aaabbbhello", a.body)
	require.Equal(t, etag, a.header.Get("Etag"))
	require.Equal(t, "True", a.header.Get("X-Static-Large-Object"))
	s.must(304, "owner", "HEAD /v1/AUTH_test/c/o", "", "If-None-Match: "+etag)
	require.Equal(t, "abbb", s.must(206, "owner", "GET /v1/AUTH_test/c/o", "", "Range: bytes=2-5").body)

	manifest := s.must(200, "owner", "GET /v1/AUTH_test/c/o?multipart-manifest=get", "").body
	own := etagOf(manifest)
	listing := func() {
		t.Helper()
		a := s.must(200, "owner", "GET /v1/AUTH_test/c?format=json", "")
		require.Contains(t, a.body, `"bytes": 11, "hash": "`+own+`", "name": "o"`)
		require.Contains(t, a.body, `"slo_etag": "\"`+strings.Trim(etag, `"`)+`\""`)
	}
	listing()
	require.Equal(t, len(manifest), atoi(t, s.must(204, "owner", "HEAD /v1/AUTH_test/c", "").header.Get("X-Container-Bytes-Used")))

	s.must(202, "owner", "POST /v1/AUTH_test/c/o?multipart-manifest=put", "", "X-Object-Meta-A: 2", "Content-Type: new/type")
	a = s.must(200, "owner", "GET /v1/AUTH_test/c/o", "")
	require.Equal(t, "aaabbbhello new/type 2", a.body+" "+a.header.Get("Content-Type")+" "+a.header.Get("X-Object-Meta-A"))
	listing()
	s.must(201, "owner", "PUT /v1/AUTH_test/c/o", "plain")
	a = s.must(200, "owner", "GET /v1/AUTH_test/c/o", "")
	require.Equal(t, "plain", a.body)
	require.False(t, a.header.Has("X-Static-Large-Object"))
}

func atoi(t *testing.T, s string) (n int) {
	t.Helper()
	for _, c := range s {
		require.True(t, '0' <= c && c <= '9', s)
		n = 10*n + int(c-'0')
	}
	return n
}

// A client cannot make a manifest out of its own sysmeta.
func TestSLOIsNotForged(t *testing.T) {
	s := newSLOSite(t)
	s.must(201, "owner", "PUT /v1/AUTH_test/c/forged", sloManifest, "X-Object-Sysmeta-Slo-Etag: e", "X-Object-Sysmeta-Slo-Size: 1")
	require.Equal(t, sloManifest, s.must(200, "owner", "GET /v1/AUTH_test/c/forged", "").body)
	s.must(304, "owner", "GET /v1/AUTH_test/c/o", "", "If-None-Match: "+
		s.must(200, "owner", "HEAD /v1/AUTH_test/c/o", "").header.Get("Etag"), "X-Backend-Etag-Is-At: X-Object-Sysmeta-Other")
}

// The right over a manifest gives none over its segments, to read or to delete.
func TestSLOSegmentsKeepTheirRights(t *testing.T) {
	s := newSLOSite(t)
	s.must(409, "none", "GET /v1/AUTH_test/c/o", "")
	s.must(409, "other", "GET /v1/AUTH_test/c/o", "")
	s.must(204, "owner", "POST /v1/AUTH_test/segs", "", "X-Container-Read: .r:.good.example")
	s.must(200, "none", "GET /v1/AUTH_test/c/o", "", "Referer: http://www.good.example/")
	s.must(409, "none", "GET /v1/AUTH_test/c/o", "", "Referer: http://www.evil.example/")

	s.must(204, "owner", "POST /v1/AUTH_test/c", "", "X-Container-Write: test:tester3", "X-Container-Read: test:tester3")
	a := s.must(400, "member", "PUT /v1/AUTH_test/c/mine?multipart-manifest=put", sloManifest)
	require.Equal(t, "Errors:\n/segs/1, 403 Forbidden\n/segs/2, 403 Forbidden\n", a.body)
	s.must(403, "member", "DELETE /v1/AUTH_test/c/o?multipart-manifest=delete&async=on", "")
	a = s.must(200, "member", "DELETE /v1/AUTH_test/c/o?multipart-manifest=delete", "")
	require.Contains(t, a.body, "Errors:\n/segs/1, 403 Forbidden\n/segs/2, 403 Forbidden\n")
	s.must(200, "owner", "GET /v1/AUTH_test/segs/1", "")
	s.must(201, "owner", "PUT /v1/AUTH_test/c/o?multipart-manifest=put", sloManifest)
	s.must(403, "member", "DELETE /v1/AUTH_test/c/o?multipart-manifest=delete&async=on", "")
	s.must(204, "owner", "POST /v1/AUTH_test/segs", "", "X-Container-Write: test:tester3", "X-Container-Read: test:tester3")
	s.must(201, "member", "PUT /v1/AUTH_test/c/mine?multipart-manifest=put", sloManifest)
	s.must(204, "member", "DELETE /v1/AUTH_test/c/o?multipart-manifest=delete&async=on", "")
	s.must(401, "none", "PUT /v1/AUTH_test/c/data?multipart-manifest=put", "[]")
}

func TestSLOCopies(t *testing.T) {
	s := newSLOSite(t)
	s.must(201, "owner", "COPY /v1/AUTH_test/c/o", "", "Destination: c/plain")
	a := s.must(200, "owner", "GET /v1/AUTH_test/c/plain?multipart-manifest=get", "")
	require.Equal(t, "aaabbbhello", a.body)
	require.False(t, a.header.Has("X-Static-Large-Object"))
	require.Equal(t, etagOf("aaabbbhello"), a.header.Get("Etag"))
	require.Contains(t, s.must(200, "owner", "GET /v1/AUTH_test/c?format=json&prefix=p", "").body, `"bytes": 11, "hash": "`+etagOf("aaabbbhello")+`"`)

	s.must(201, "owner", "COPY /v1/AUTH_test/c/o?multipart-manifest=get", "", "Destination: c/manifest")
	a = s.must(200, "owner", "GET /v1/AUTH_test/c/manifest", "")
	require.Equal(t, "aaabbbhello", a.body)
	require.Equal(t, "True x/y 1", a.header.Get("X-Static-Large-Object")+" "+a.header.Get("Content-Type")+" "+a.header.Get("X-Object-Meta-A"))
	s.must(201, "owner", "COPY /v1/AUTH_test/c/o?part-number=2", "", "Destination: c/part")
	require.Equal(t, "bbb", s.must(200, "owner", "GET /v1/AUTH_test/c/part", "").body)
}

func TestSLOInOthers(t *testing.T) {
	s := newSLOSite(t)
	s.must(201, "owner", "PUT /v1/AUTH_test/c/dlo", "", "X-Object-Manifest: c/o")
	require.Equal(t, "aaabbbhello", s.must(200, "owner", "GET /v1/AUTH_test/c/dlo", "").body)
	s.must(201, "owner", "PUT /v1/AUTH_test/c/p?multipart-manifest=put", `[{"path":"/c/o"},{"path":"/c/o","range":"2-3"}]`)
	require.Equal(t, "aaabbbhelloab", s.must(200, "owner", "GET /v1/AUTH_test/c/p", "").body)
}

func TestSLODeletes(t *testing.T) {
	s := newSLOSite(t)
	a := s.must(200, "owner", "DELETE /v1/AUTH_test/c/o?multipart-manifest=delete", "", "Accept: application/json")
	require.Contains(t, a.body, `"Number Deleted": 3`)
	s.must(404, "owner", "GET /v1/AUTH_test/c/o", "")
	require.Empty(t, s.must(204, "owner", "GET /v1/AUTH_test/segs", "").body)

	s = newSLOSite(t)
	before := time.Now().Unix()
	s.must(204, "owner", "DELETE /v1/AUTH_test/c/o?multipart-manifest=delete&async=yes", "")
	s.must(404, "owner", "GET /v1/AUTH_test/c/o", "")
	id := objstore.ContainerID{Account: "AUTH_test", Container: "segs"}.Object("1")
	info, err := s.store.HeadObject(t.Context(), id, objstore.OpenOptions{AllowExpired: true})
	require.NoError(t, err)
	require.GreaterOrEqual(t, info.DeleteAt, before+1)
	require.LessOrEqual(t, info.DeleteAt, time.Now().Unix()+1)
}

// The question for the right neither archives nor restores.
func TestSLOInAVersionedContainer(t *testing.T) {
	s := newSLOSite(t)
	s.must(201, "owner", "PUT /v1/AUTH_test/old", "")
	s.must(204, "owner", "POST /v1/AUTH_test/c", "", "X-Versions-Location: old")
	s.must(201, "owner", "PUT /v1/AUTH_test/c/o?multipart-manifest=put", `[{"path":"/segs/1"}]`)
	require.Equal(t, "1", s.must(204, "owner", "HEAD /v1/AUTH_test/old", "").header.Get("X-Container-Object-Count"))
	s.must(204, "owner", "DELETE /v1/AUTH_test/c/o", "")
	require.Equal(t, "aaabbbhello", s.must(200, "owner", "GET /v1/AUTH_test/c/o", "").body)

	s.must(201, "owner", "PUT /v1/AUTH_test/c/o?multipart-manifest=put", `[{"path":"/segs/1"}]`)
	s.must(204, "owner", "DELETE /v1/AUTH_test/c/o?multipart-manifest=delete&async=yes", "")
	require.True(t, s.must(200, "owner", "HEAD /v1/AUTH_test/c/o", "").header.Has("X-Static-Large-Object"))
}

// A manifest that a Swift before 2.11 stored has no sysmeta. It stays a manifest where
// features copy it as it is.
func TestBareManifestStaysAManifest(t *testing.T) {
	for name, header := range map[string]string{"archive": "X-Versions-Location: old", "versions": "X-Versions-Enabled: true"} {
		t.Run(name, func(t *testing.T) {
			s := newSLOSite(t)
			list := s.must(200, "owner", "GET /v1/AUTH_test/c/o?multipart-manifest=get", "").body
			s.must(201, "owner", "PUT /v1/AUTH_test/old", "")
			s.must(201, "owner", "PUT /v1/AUTH_test/v", "")
			_, err := s.store.PutObject(t.Context(), objstore.ObjectID{Account: "AUTH_test", Container: "v", Object: "o"},
				strings.NewReader(list), objstore.PutOptions{
					SizeBytes: int64(len(list)), ContentType: "x/y", Metadata: objstore.Metadata{{Name: "X-Static-Large-Object", Value: "True"}},
				})
			require.NoError(t, err)
			bare := s.must(200, "owner", "GET /v1/AUTH_test/v/o", "")
			require.Equal(t, "aaabbbhello", bare.body)
			s.must(204, "owner", "POST /v1/AUTH_test/v", "", header)
			s.must(201, "owner", "PUT /v1/AUTH_test/v/o", "plain")
			if name == "archive" {
				s.must(204, "owner", "DELETE /v1/AUTH_test/v/o", "") // brings the manifest back
			} else {
				id := s.objectVersions("&format=json")[1]["version_id"].(string)
				s.must(201, "owner", "PUT /v1/AUTH_test/v/o?version-id="+id, "")
			}
			again := s.must(200, "owner", "GET /v1/AUTH_test/v/o", "")
			require.Equal(t, bare.body, again.body)
			require.Equal(t, bare.header.Get("Etag"), again.header.Get("Etag"))
		})
	}
}
