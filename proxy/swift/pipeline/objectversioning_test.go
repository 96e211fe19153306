// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// newVersionedSite has the container v with versions and d without.
func newVersionedSite(t *testing.T) *site {
	s := newSite(t)
	s.must(201, "owner", "PUT /v1/AUTH_test/v", "", "X-Versions-Enabled: true")
	s.must(201, "owner", "PUT /v1/AUTH_test/d", "")
	return s
}

func (a reply) version() string { return a.header.Get("X-Object-Version-Id") }

func (s *site) objectVersions(query string) (list []map[string]any) {
	s.t.Helper()
	a := s.must(200, "owner", "GET /v1/AUTH_test/v?versions"+query, "")
	require.NoError(s.t, json.Unmarshal([]byte(a.body), &list))
	return list
}

func TestCopyOfVersions(t *testing.T) {
	s := newVersionedSite(t)
	old := s.must(201, "owner", "PUT /v1/AUTH_test/v/o", "old", "X-Object-Meta-A: 1").version()
	s.must(201, "owner", "PUT /v1/AUTH_test/v/o", "new")
	got := s.must(201, "owner", "COPY /v1/AUTH_test/v/o?version-id="+old, "", "Destination: v/o")
	require.Equal(t, old, got.header.Get("X-Copied-From-Version-Id"))
	require.NotEmpty(t, got.version())
	now := s.must(200, "owner", "GET /v1/AUTH_test/v/o", "")
	require.Equal(t, "old", now.body)
	require.Equal(t, "1", now.header.Get("X-Object-Meta-A"))
	require.Len(t, s.objectVersions(""), 3)
	s.must(201, "owner", "COPY /v1/AUTH_test/v/o", "", "Destination: d/o")
	plain := s.must(200, "owner", "GET /v1/AUTH_test/d/o", "")
	require.Equal(t, "old", plain.body)
	require.Empty(t, plain.version())
}

// A version may be a link, and a link may lead to what has versions; the
// account in which a relative link is followed is the client's.
func TestLinksAndVersions(t *testing.T) {
	s := newVersionedSite(t)
	s.must(201, "owner", "PUT /v1/AUTH_test/d/target", "target")
	link := s.must(201, "owner", "PUT /v1/AUTH_test/v/link", "", "X-Symlink-Target: d/target").version()
	require.Equal(t, "target", s.must(200, "owner", "GET /v1/AUTH_test/v/link", "").body)
	require.Equal(t, "target", s.must(200, "owner", "GET /v1/AUTH_test/v/link?version-id="+link, "").body)
	require.Equal(t, "d/target", s.must(200, "owner", "HEAD /v1/AUTH_test/v/link?symlink=get", "").header.Get("X-Symlink-Target"))
	s.must(307, "owner", "POST /v1/AUTH_test/v/link", "", "X-Object-Meta-A: 1")
	s.must(201, "owner", "PUT /v1/AUTH_test/v/link", "no link")
	require.Equal(t, "no link", s.must(200, "owner", "GET /v1/AUTH_test/v/link", "").body)
	require.Equal(t, "target", s.must(200, "owner", "GET /v1/AUTH_test/v/link?version-id="+link, "").body)
	s.must(201, "owner", "PUT /v1/AUTH_test/v/link?version-id="+link, "")
	require.Equal(t, "target", s.must(200, "owner", "GET /v1/AUTH_test/v/link", "").body)

	put := s.must(201, "owner", "PUT /v1/AUTH_test/v/o", "content")
	for _, line := range []string{"X-Object-Meta-A: dynamic", "X-Symlink-Target-Etag: " + put.header.Get("Etag")} {
		s.must(201, "owner", "PUT /v1/AUTH_test/d/to", "", "X-Symlink-Target: v/o", line)
		got := s.must(200, "owner", "GET /v1/AUTH_test/d/to", "")
		require.Equal(t, "content", got.body)
		require.Equal(t, put.version(), got.version())
	}
	s.must(201, "owner", "PUT /v1/AUTH_test/v/o", "other")
	s.must(409, "owner", "GET /v1/AUTH_test/d/to", "")
}

func TestManifestsAndVersions(t *testing.T) {
	s := newVersionedSite(t)
	for i, body := range []string{"first ", "second "} {
		s.must(201, "owner", fmt.Sprintf("PUT /v1/AUTH_test/d/s%d", i), body)
	}
	put := func(segment string) string {
		return s.must(201, "owner", "PUT /v1/AUTH_test/v/big?multipart-manifest=put", `[{"path": "d/`+segment+`"}]`).version()
	}
	first, second := put("s0"), put("s1")
	require.Equal(t, "second ", s.must(200, "owner", "GET /v1/AUTH_test/v/big", "").body)
	require.Equal(t, "first ", s.must(200, "owner", "GET /v1/AUTH_test/v/big?version-id="+first, "").body)
	list := s.objectVersions("")
	require.Len(t, list, 2)
	require.EqualValues(t, len("second "), list[0]["bytes"])
	require.Equal(t, second, list[0]["version_id"])
	require.NotEmpty(t, list[0]["slo_etag"])
	s.must(201, "owner", "PUT /v1/AUTH_test/v/all", "", "X-Object-Manifest: d/s")
	require.Equal(t, "first second ", s.must(200, "owner", "GET /v1/AUTH_test/v/all", "").body)
}

// Quotas count what versions take.
func TestQuotasOfVersions(t *testing.T) {
	s := newVersionedSite(t)
	s.must(204, "owner", "POST /v1/AUTH_test/v", "", "X-Container-Meta-Quota-Bytes: 10")
	s.must(201, "owner", "PUT /v1/AUTH_test/v/o", "12345")
	s.must(201, "owner", "PUT /v1/AUTH_test/v/o", "12345")
	s.must(413, "owner", "PUT /v1/AUTH_test/v/o", "1")
	s.must(204, "reseller", "POST /v1/AUTH_test", "", "X-Account-Meta-Quota-Bytes: 12")
	s.must(201, "owner", "PUT /v1/AUTH_test/d/o", "12")
	s.must(413, "owner", "PUT /v1/AUTH_test/d/p", "1")
}

// One container has one kind of versions.
func TestOneKindOfVersions(t *testing.T) {
	s := newVersionedSite(t)
	s.must(204, "owner", "POST /v1/AUTH_test/d", "", "X-Versions-Location: archive")
	s.must(400, "owner", "POST /v1/AUTH_test/d", "", "X-Versions-Enabled: true")
	s.must(400, "owner", "PUT /v1/AUTH_test/e", "", "X-Versions-Enabled: true", "X-History-Location: archive")
	// What the gatekeeper is for: nobody makes a link by hand.
	s.must(201, "owner", "PUT /v1/AUTH_test/d/o", "mine", "X-Object-Sysmeta-Versions-Symlink: 1.00000")
	require.Equal(t, "mine", s.must(200, "owner", "GET /v1/AUTH_test/d/o", "").body)
}

// Nobody comes near a hidden container, whatever their rights.
func TestHiddenAccountsAreOutOfReach(t *testing.T) {
	s := newVersionedSite(t)
	s.must(201, "owner", "PUT /v1/AUTH_test/v/o", "x")
	for _, who := range []string{"owner", "reseller", "none"} {
		for _, path := range []string{"/v1/%FFversions.AUTH_test", "/v1/%FFversions.AUTH_test/v", "/v1/%FFversions.AUTH_test/v/o"} {
			s.must(412, who, "GET "+path, "")
			s.must(412, who, "DELETE "+path, "")
		}
	}
	for _, lines := range [][]string{
		{"X-Copy-From: v/o", "X-Copy-From-Account: %FFversions.AUTH_test"},
		{"X-Symlink-Target: v/o", "X-Symlink-Target-Account: %FFversions.AUTH_test"},
	} {
		s.as("reseller", "PUT /v1/AUTH_test/d/o", "", lines...)
		require.NotEqual(t, 200, s.as("reseller", "GET /v1/AUTH_test/d/o", "").status, "%q", lines)
	}
}
