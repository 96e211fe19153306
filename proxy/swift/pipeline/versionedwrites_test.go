// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// newVersionsSite has AUTH_test/c with the archive "old ü", in one of both modes.
func newVersionsSite(t *testing.T, header string) *site {
	s := newSite(t)
	s.must(201, "owner", "PUT /v1/AUTH_test/old%20%C3%BC", "")
	s.must(201, "owner", "PUT /v1/AUTH_test/c", "", header+": old%20%C3%BC", "X-Container-Write: test:tester3,test2:tester2")
	return s
}

// versions lists the archive: "NAME TYPE" each, without the timestamps.
func (s *site) versions() []string {
	s.t.Helper()
	var entries []struct {
		Name string `json:"name"`
		Type string `json:"content_type"`
	}
	body := s.must(200, "owner", "GET /v1/AUTH_test/old%20%C3%BC?format=json", "").body
	require.NoError(s.t, json.Unmarshal([]byte(body), &entries))
	list := []string{}
	for _, e := range entries {
		slash := strings.LastIndexByte(e.Name, '/')
		require.Len(s.t, e.Name[slash+1:], 16)
		list = append(list, e.Name[:slash]+" "+e.Type)
	}
	return list
}

const (
	versionedPath = "/v1/AUTH_test/c/%C3%BC%252F/o"
	versionedName = "007ü%2F/o"
	markerType    = "application/x-deleted;swift_versions_deleted=1"
)

func TestVersionsLocation(t *testing.T) {
	s := newSite(t)
	s.must(201, "owner", "PUT /v1/AUTH_test/c", "")
	shown := func() (stack, history string) {
		h := s.must(204, "owner", "HEAD /v1/AUTH_test/c", "").header
		for _, f := range h {
			require.False(t, strings.HasPrefix(f.Name, "X-Container-Sysmeta"), f.Name)
		}
		return h.Get("X-Versions-Location"), h.Get("X-History-Location")
	}
	for _, c := range []struct {
		status         int
		lines          string
		stack, history string
	}{
		{204, "X-Versions-Location: a%20b", "a%20b", ""},
		{204, "X-Container-Meta-Other: 1", "a%20b", ""},
		{204, "X-History-Location: h", "", "h"},
		{400, "X-History-Location: h|X-Versions-Location: a", "", "h"},
		{412, "X-Versions-Location: a/b", "", "h"},
		{412, "X-Versions-Location: a%00", "", "h"},
		{204, "X-History-Location: |X-Versions-Location: a", "a", ""},
		{204, "X-History-Location: h|X-Versions-Location: ", "", "h"},
		{204, "X-Versions-Location: a|X-Remove-Versions-Location: x", "a", ""},
		{204, "X-Remove-History-Location: x", "", ""},
		{204, "X-Versions-Location: a", "a", ""},
		{204, "X-Versions-Location: ", "", ""},
		{204, "X-Container-Sysmeta-Versions-Location: a", "", ""},
	} {
		s.must(c.status, "owner", "POST /v1/AUTH_test/c", "", strings.Split(c.lines, "|")...)
		stack, history := shown()
		require.Equal(t, [2]string{c.stack, c.history}, [2]string{stack, history}, c.lines)
	}
	s.must(403, "member", "POST /v1/AUTH_test/c", "", "X-Versions-Location: a")
	require.Contains(t, s.must(200, "owner", "GET /v1/AUTH_test/c?format=json", "").body, "[]")
}

func TestVersionsStack(t *testing.T) {
	s := newVersionsSite(t, "X-Versions-Location")
	put := func(body string) {
		s.must(201, "owner", "PUT "+versionedPath, body, "Content-Type: text/"+body, "X-Object-Meta-Is: "+body, "Content-Encoding: gzip", "X-Delete-At: 9999999999")
	}
	put("one")
	require.Empty(t, s.versions())
	put("two")
	s.must(202, "owner", "POST "+versionedPath, "", "X-Object-Meta-Is: posted")
	require.Equal(t, []string{versionedName + " text/one"}, s.versions())
	s.must(201, "owner", "PUT /v1/AUTH_test/c/src", "three")
	s.must(201, "owner", "COPY /v1/AUTH_test/c/src", "", "Destination: c/%C3%BC%252F/o")
	require.Equal(t, []string{versionedName + " text/one", versionedName + " text/two"}, s.versions())

	s.must(204, "owner", "DELETE "+versionedPath, "")
	a := s.must(200, "owner", "GET "+versionedPath, "")
	require.Equal(t, "two", a.body)
	require.Equal(t, "posted", a.header.Get("X-Object-Meta-Is"))
	s.must(204, "owner", "DELETE "+versionedPath, "")
	a = s.must(200, "owner", "GET "+versionedPath, "")
	require.Equal(t, "one", a.body)
	for header, want := range map[string]string{"Content-Type": "text/one", "X-Object-Meta-Is": "one", "Content-Encoding": "gzip", "X-Delete-At": "9999999999"} {
		require.Equal(t, want, a.header.Get(header))
	}
	require.Empty(t, s.versions())
	s.must(204, "owner", "DELETE "+versionedPath, "")
	s.must(404, "owner", "DELETE "+versionedPath, "")

	// Without a current object the newest version still comes back.
	put("one")
	put("two")
	s.must(204, "owner", "POST /v1/AUTH_test/c", "", "X-Versions-Location: ")
	s.must(204, "owner", "DELETE "+versionedPath, "")
	s.must(204, "owner", "POST /v1/AUTH_test/c", "", "X-Versions-Location: old%20%C3%BC")
	s.must(204, "owner", "DELETE "+versionedPath, "")
	require.Equal(t, "one", s.must(200, "owner", "GET "+versionedPath, "").body)
}

func TestVersionsHistory(t *testing.T) {
	s := newVersionsSite(t, "X-History-Location")
	s.must(201, "owner", "PUT "+versionedPath, "one", "Content-Type: text/one")
	s.must(204, "owner", "DELETE "+versionedPath, "")
	s.must(404, "owner", "GET "+versionedPath, "")
	require.Equal(t, []string{versionedName + " text/one", versionedName + " " + markerType}, s.versions())
	s.must(404, "owner", "DELETE "+versionedPath, "")
	require.Len(t, s.versions(), 3)
	s.must(201, "owner", "PUT "+versionedPath, "two", "Content-Type: text/two")
	s.must(201, "owner", "PUT "+versionedPath, "three", "Content-Type: text/three")
	require.Len(t, s.versions(), 4)

	// In stack mode markers are states of their own.
	s.must(204, "owner", "POST /v1/AUTH_test/c", "", "X-Versions-Location: old%20%C3%BC")
	s.must(204, "owner", "DELETE "+versionedPath, "")
	require.Equal(t, "two", s.must(200, "owner", "GET "+versionedPath, "").body)
	s.must(204, "owner", "DELETE "+versionedPath, "")
	s.must(404, "owner", "GET "+versionedPath, "")
	require.Equal(t, []string{versionedName + " text/one", versionedName + " " + markerType, versionedName + " " + markerType}, s.versions())
	s.must(204, "owner", "DELETE "+versionedPath, "")
	s.must(404, "owner", "GET "+versionedPath, "")
	require.Equal(t, []string{versionedName + " text/one", versionedName + " " + markerType}, s.versions(), "below the marker was another")
	s.must(204, "owner", "DELETE "+versionedPath, "")
	require.Equal(t, "one", s.must(200, "owner", "GET "+versionedPath, "").body)
	require.Empty(t, s.versions())

	s.must(400, "owner", "PUT "+versionedPath, "", "Content-Type: "+markerType)
	require.Equal(t, []string{versionedName + " text/one"}, s.versions(), "as in Swift, the version comes before the PUT's own checks")
}

// Whoever may write makes versions, and gains no other right over the archive;
// whoever may not write leaves no trace there.
func TestVersionsRights(t *testing.T) {
	s := newVersionsSite(t, "X-Versions-Location")
	s.must(201, "owner", "PUT "+versionedPath, "one")
	s.must(201, "other", "PUT "+versionedPath, "two")
	require.Len(t, s.versions(), 1)
	s.must(403, "other", "GET "+versionedPath, "")
	s.must(403, "other", "GET /v1/AUTH_test/old%20%C3%BC", "")
	s.must(204, "other", "DELETE "+versionedPath, "")
	require.Equal(t, "one", s.must(200, "owner", "GET "+versionedPath, "").body)
	s.must(201, "owner", "PUT "+versionedPath, "two")
	s.must(401, "none", "PUT "+versionedPath, "x")
	s.must(401, "none", "DELETE "+versionedPath, "")
	require.Equal(t, "two", s.must(200, "owner", "GET "+versionedPath, "").body)
	s.must(204, "owner", "POST /v1/AUTH_test/c", "", "X-Container-Write: ", "X-Container-Read: .r:*")
	s.must(403, "member", "PUT "+versionedPath, "x")
	s.must(403, "other", "DELETE "+versionedPath, "")
	s.must(204, "owner", "POST /v1/AUTH_test/c", "", "X-History-Location: old%20%C3%BC")
	s.must(403, "other", "DELETE "+versionedPath, "")
	require.Len(t, s.versions(), 1)
	require.Equal(t, "two", s.must(200, "owner", "GET "+versionedPath, "").body)
}

// What is archived is the manifest and the link, not what they stand for.
func TestVersionsOfManifestsAndLinks(t *testing.T) {
	s := newVersionsSite(t, "X-Versions-Location")
	s.must(201, "owner", "PUT /v1/AUTH_test/d", "")
	s.must(201, "owner", "PUT /v1/AUTH_test/d/seg1", "aaa")
	s.must(201, "owner", "PUT /v1/AUTH_test/c/o", "own", "X-Object-Manifest: d/seg")
	s.must(201, "owner", "PUT /v1/AUTH_test/c/o", "", "X-Symlink-Target: d/seg1", "X-Symlink-Target-Etag: "+etagOf("aaa"))
	s.must(201, "owner", "PUT /v1/AUTH_test/d/seg1", "changed")
	s.must(201, "owner", "PUT /v1/AUTH_test/c/o", "", "X-Symlink-Target: d/gone")
	s.must(201, "owner", "PUT /v1/AUTH_test/c/o", "last")
	list := s.must(200, "owner", "GET /v1/AUTH_test/old%20%C3%BC?format=json", "").body
	require.Contains(t, list, `"symlink_path": "/v1/AUTH_test/d/seg1"`)
	require.Contains(t, list, `"symlink_path": "/v1/AUTH_test/d/gone"`)

	s.must(204, "owner", "DELETE /v1/AUTH_test/c/o", "")
	require.Equal(t, "d/gone", s.must(200, "owner", "HEAD /v1/AUTH_test/c/o?symlink=get", "").header.Get("X-Symlink-Target"))
	s.must(204, "owner", "DELETE /v1/AUTH_test/c/o", "")
	s.must(409, "owner", "GET /v1/AUTH_test/c/o", "")
	a := s.must(200, "owner", "HEAD /v1/AUTH_test/c/o?symlink=get", "")
	require.Equal(t, etagOf("aaa"), a.header.Get("X-Symlink-Target-Etag"))
	require.Equal(t, "3", a.header.Get("X-Symlink-Target-Bytes"))
	s.must(204, "owner", "DELETE /v1/AUTH_test/c/o", "")
	require.Equal(t, "changed", s.must(200, "owner", "GET /v1/AUTH_test/c/o", "").body)
	require.Equal(t, "own", s.must(200, "owner", "GET /v1/AUTH_test/c/o?multipart-manifest=get", "").body)

	// Under a marker a link that leads nowhere is an object all the same.
	s.must(204, "owner", "POST /v1/AUTH_test/c", "", "X-History-Location: old%20%C3%BC")
	s.must(204, "owner", "DELETE /v1/AUTH_test/c/o", "")
	s.must(201, "owner", "PUT /v1/AUTH_test/c/o", "", "X-Symlink-Target: d/gone")
	s.must(204, "owner", "POST /v1/AUTH_test/c", "", "X-Versions-Location: old%20%C3%BC")
	s.must(204, "owner", "DELETE /v1/AUTH_test/c/o", "")
	s.must(404, "owner", "HEAD /v1/AUTH_test/c/o?symlink=get", "")
}

func TestVersionsErrors(t *testing.T) {
	s := newSite(t)
	s.must(404, "owner", "PUT /v1/AUTH_test/none/o", "")
	s.must(404, "owner", "DELETE /v1/AUTH_test/none/o", "")
	s.must(201, "owner", "PUT /v1/AUTH_test/c", "", "X-Versions-Location: missing")
	s.must(201, "owner", "PUT /v1/AUTH_test/c/o", "one")
	s.must(412, "owner", "PUT /v1/AUTH_test/c/o", "two")
	require.Equal(t, "one", s.must(200, "owner", "GET /v1/AUTH_test/c/o", "").body)
	s.must(204, "owner", "DELETE /v1/AUTH_test/c/o", "")
	s.must(204, "owner", "POST /v1/AUTH_test/c", "", "X-History-Location: missing")
	s.must(412, "owner", "DELETE /v1/AUTH_test/c/o", "")
	long := strings.Repeat("n", 1020) // as a version it is longer than a name may be
	s.must(204, "owner", "POST /v1/AUTH_test/c", "", "X-Versions-Location: c")
	s.must(201, "owner", "PUT /v1/AUTH_test/c/"+long, "one")
	s.must(412, "owner", "PUT /v1/AUTH_test/c/"+long, "two")
}
