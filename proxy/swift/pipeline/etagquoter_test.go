// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEtagQuoter(t *testing.T) {
	s := newSite(t)
	s.must(201, "owner", "PUT /v1/AUTH_test/c", "")
	s.must(201, "owner", "PUT /v1/AUTH_test/d", "")
	bare := etagOf("x")
	require.Equal(t, bare, s.must(201, "owner", "PUT /v1/AUTH_test/c/o", "x").header.Get("Etag"))
	s.must(201, "owner", "PUT /v1/AUTH_test/d/o", "x")
	expect := func(container string, quoted bool) {
		t.Helper()
		want := bare
		if quoted {
			want = `"` + bare + `"`
		}
		for _, method := range []string{"GET", "HEAD"} {
			got := s.must(200, "owner", method+" /v1/AUTH_test/"+container+"/o", "")
			require.Equal(t, want, got.header.Get("Etag"), "%s %s", method, container)
		}
		require.Equal(t, want, s.must(201, "owner", "PUT /v1/AUTH_test/"+container+"/o", "x").header.Get("Etag"))
		// A condition holds in either form; so does the ETag of an upload.
		s.must(304, "owner", "GET /v1/AUTH_test/"+container+"/o", "", "If-None-Match: "+want)
		s.must(201, "owner", "PUT /v1/AUTH_test/"+container+"/o", "x", "Etag: "+want)
		require.Contains(t, s.must(200, "owner", "GET /v1/AUTH_test/"+container+"?format=json", "").body, `"hash": "`+bare+`"`)
	}
	post := func(path, value string) {
		t.Helper()
		s.must(204, "owner", "POST /v1/AUTH_test"+path, "", value)
	}
	expect("c", false)
	post("/c", "X-Container-Rfc-Compliant-Etags: t")
	expect("c", true)
	expect("d", false)
	require.Equal(t, "True", s.must(204, "owner", "HEAD /v1/AUTH_test/c", "").header.Get("X-Container-Rfc-Compliant-Etags"))
	post("", "X-Account-Rfc-Compliant-Etags: yes")
	require.Equal(t, "True", s.must(204, "owner", "HEAD /v1/AUTH_test", "").header.Get("X-Account-Rfc-Compliant-Etags"))
	expect("d", true)
	post("/c", "X-Container-Rfc-Compliant-Etags: no")
	require.Equal(t, "False", s.must(204, "owner", "HEAD /v1/AUTH_test/c", "").header.Get("X-Container-Rfc-Compliant-Etags"))
	expect("c", false)
	post("/c", "X-Container-Rfc-Compliant-Etags:")
	require.False(t, s.must(204, "owner", "HEAD /v1/AUTH_test/c", "").header.Has("X-Container-Rfc-Compliant-Etags"))
	expect("c", true)
	post("", "X-Remove-Account-Rfc-Compliant-Etags: x")
	expect("c", false)
	// Sysmeta is not the client's to set.
	post("/c", "X-Container-Sysmeta-Rfc-Compliant-Etags: True")
	expect("c", false)
}
