// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"needletail/objstore"
	"needletail/objstore/memstore"
	"needletail/proxy/swift"
	"needletail/proxy/swift/controllers"
	"needletail/proxy/web"
)

func TestContainerQuotas(t *testing.T) {
	s := newSite(t)
	s.must(400, "owner", "PUT /v1/AUTH_test/c", "", "X-Container-Meta-Quota-Bytes: many")
	s.must(201, "owner", "PUT /v1/AUTH_test/c", "", "X-Container-Write: test2:tester2")
	require.Equal(t, "Invalid bytes quota.", s.must(400, "owner", "POST /v1/AUTH_test/c", "", "X-Container-Meta-Quota-Bytes: -1").body)
	require.Equal(t, "Invalid count quota.", s.must(400, "owner", "POST /v1/AUTH_test/c", "", "X-Container-Meta-Quota-Count: 1e3").body)
	s.must(204, "owner", "POST /v1/AUTH_test/c", "", "X-Container-Meta-Quota-Bytes: 10")
	require.Equal(t, "10", s.must(204, "owner", "HEAD /v1/AUTH_test/c", "").header.Get("X-Container-Meta-Quota-Bytes"))

	over := s.must(413, "owner", "PUT /v1/AUTH_test/c/o", "01234567890")
	require.Equal(t, "Upload exceeds quota.", over.body)
	s.must(413, "other", "PUT /v1/AUTH_test/c/o", "01234567890")
	s.must(403, "member", "PUT /v1/AUTH_test/c/o", "01234567890")
	s.must(401, "none", "PUT /v1/AUTH_test/c/o", "01234567890")
	s.must(201, "owner", "PUT /v1/AUTH_test/c/o", "0123456789")
	s.must(413, "owner", "PUT /v1/AUTH_test/c/o", "0")
	s.must(201, "owner", "PUT /v1/AUTH_test/c/empty", "")
	s.must(202, "owner", "POST /v1/AUTH_test/c/o", "", "X-Object-Meta-A: b")

	// The length of a copy is its source's.
	s.must(201, "owner", "PUT /v1/AUTH_test/d", "")
	s.must(201, "owner", "PUT /v1/AUTH_test/d/o", "x")
	s.must(413, "owner", "PUT /v1/AUTH_test/c/copy", "", "X-Copy-From: d/o")

	s.must(204, "owner", "POST /v1/AUTH_test/c", "", "X-Remove-Container-Meta-Quota-Bytes: x", "X-Container-Meta-Quota-Count: 3")
	s.must(201, "owner", "PUT /v1/AUTH_test/c/third", "long enough to be over the old quota")
	s.must(413, "owner", "PUT /v1/AUTH_test/c/fourth", "")
	s.must(413, "owner", "PUT /v1/AUTH_test/c/third", "")
	s.must(204, "owner", "DELETE /v1/AUTH_test/c/third", "")
	s.must(201, "owner", "PUT /v1/AUTH_test/c/fourth", "")
	s.must(404, "owner", "PUT /v1/AUTH_test/missing/o", "x")
}

// TestContainerQuotaOfUnknownLength: a chunked body is refused only once the
// quota is exceeded, and nothing of it is read then.
func TestContainerQuotaOfUnknownLength(t *testing.T) {
	s := newSite(t)
	s.must(201, "owner", "PUT /v1/AUTH_test/c", "", "X-Container-Meta-Quota-Bytes: 4")
	put := func(body string) (int, *strings.Reader) {
		unread := strings.NewReader(body)
		r := &swift.Request{Request: &web.Request{Method: "PUT", RawPath: "/v1/AUTH_test/c/o", Path: "/v1/AUTH_test/c/o", Body: unread, ContentLength: -1}}
		r.Header.Add("X-Auth-Token", s.tokens["owner"])
		return s.send(r).status, unread
	}
	status, _ := put("12345")
	require.Equal(t, 201, status)
	status, unread := put("12345")
	require.Equal(t, 413, status)
	require.Equal(t, 5, unread.Len())
}

func twoPolicies(c *controllers.Config) {
	c.Policies = objstore.Policies{{Index: 0, Name: "gold", Default: true}, {Index: 1, Name: "silver"}}
	c.Store = memstore.New(memstore.Options{Policies: c.Policies})
}

func TestAccountQuotasAreTheResellers(t *testing.T) {
	s := newSite(t, twoPolicies)
	for _, name := range []string{
		"X-Account-Quota-Bytes", "X-Account-Quota-Count", "X-Account-Meta-Quota-Bytes",
		"X-Account-Quota-Bytes-Policy-silver", "X-Account-Quota-Count-Policy-gold",
	} {
		for _, value := range []string{"0", "100", ""} {
			s.must(403, "owner", "POST /v1/AUTH_test", "", name+": "+value)
			s.must(403, "none", "POST /v1/AUTH_test", "", name+": "+value)
		}
		removal := strings.Replace(name, "X-", "X-Remove-", 1)
		s.must(403, "owner", "POST /v1/AUTH_test", "", removal+": x")
		s.must(403, "kowner", "POST /v1/AUTH_ktest", "", name+": 1")
		s.must(400, "reseller", "POST /v1/AUTH_test", "", name+": abc")

		shown := strings.Replace(name, "-Meta-", "-", 1)
		s.must(204, "reseller", "POST /v1/AUTH_test", "", name+": 123")
		require.Equal(t, "123", s.must(204, "owner", "HEAD /v1/AUTH_test", "").header.Get(shown), name)
		s.must(204, "reseller", "POST /v1/AUTH_test", "", removal+": x", name+": 5")
		require.False(t, s.must(204, "owner", "HEAD /v1/AUTH_test", "").header.Has(shown), name)
		s.must(204, "kreseller", "POST /v1/AUTH_ktest", "", name+": 0")
		require.Equal(t, "0", s.must(204, "kowner", "HEAD /v1/AUTH_ktest", "").header.Get(shown), name)
		s.must(204, "kreseller", "POST /v1/AUTH_ktest", "", name+":")
		require.False(t, s.must(204, "kowner", "HEAD /v1/AUTH_ktest", "").header.Has(shown), name)
	}
	// Sysmeta is not the client's; on containers and objects the names mean nothing.
	s.must(204, "owner", "POST /v1/AUTH_test", "", "X-Account-Sysmeta-Quota-Bytes: 1")
	s.must(201, "owner", "PUT /v1/AUTH_test/c", "", "X-Account-Quota-Bytes: 1")
	require.False(t, s.must(204, "owner", "HEAD /v1/AUTH_test", "").header.Has("X-Account-Quota-Bytes"))
}

func TestAccountQuotasBindUploads(t *testing.T) {
	s := newSite(t, twoPolicies)
	s.must(201, "owner", "PUT /v1/AUTH_test/g", "", "X-Container-Write: test:tester3")
	s.must(201, "owner", "PUT /v1/AUTH_test/s", "", "X-Storage-Policy: silver")
	quota := func(lines ...string) {
		t.Helper()
		s.must(204, "reseller", "POST /v1/AUTH_test", "", lines...)
	}
	quota("X-Account-Quota-Bytes: 10")
	require.Equal(t, "Upload exceeds quota.", s.must(413, "owner", "PUT /v1/AUTH_test/g/o", "01234567890").body)
	s.must(413, "member", "PUT /v1/AUTH_test/g/o", "01234567890")
	s.must(403, "other", "PUT /v1/AUTH_test/g/o", "01234567890")
	s.must(401, "none", "PUT /v1/AUTH_test/g/o", "01234567890")
	s.must(201, "owner", "PUT /v1/AUTH_test/g/o", "0123456789")
	s.must(413, "owner", "PUT /v1/AUTH_test/s/o", "x")
	s.must(413, "owner", "PUT /v1/AUTH_test/g/copy", "", "X-Copy-From: g/o")
	s.must(201, "owner", "PUT /v1/AUTH_test/more", "")
	s.must(201, "reseller", "PUT /v1/AUTH_test/s/o", "resellers are not bound")
	s.must(204, "owner", "DELETE /v1/AUTH_test/s/o", "")

	quota("X-Account-Quota-Bytes:", "X-Account-Quota-Bytes-Policy-silver: 3")
	require.Equal(t, "Upload exceeds policy quota.", s.must(413, "owner", "PUT /v1/AUTH_test/s/o", "1234").body)
	s.must(201, "owner", "PUT /v1/AUTH_test/s/o", "123")
	s.must(201, "owner", "PUT /v1/AUTH_test/g/p", "1234")

	quota("X-Remove-Account-Quota-Bytes-Policy-silver: x", "X-Account-Quota-Count-Policy-gold: 2")
	s.must(413, "owner", "PUT /v1/AUTH_test/g/q", "")
	s.must(201, "owner", "PUT /v1/AUTH_test/s/q", "")
	quota("X-Remove-Account-Quota-Count-Policy-gold: x", "X-Account-Quota-Count: 4")
	s.must(413, "owner", "PUT /v1/AUTH_test/s/r", "")
	s.must(204, "owner", "DELETE /v1/AUTH_test/s/q", "")
	s.must(201, "owner", "PUT /v1/AUTH_test/s/r", "")

	// The older form counts as long as there is no newer value.
	quota("X-Remove-Account-Quota-Count: x", "X-Account-Meta-Quota-Bytes: 0")
	s.must(413, "owner", "PUT /v1/AUTH_test/s/r", "x")
	quota("X-Remove-Account-Meta-Quota-Bytes: x")
	s.must(201, "owner", "PUT /v1/AUTH_test/s/r", "x")
}
