// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"testing"

	"github.com/stretchr/testify/require"

	"needletail/objstore"
)

// A container's ACL opens a service account too, without a service token. Who may
// do what is in cmd/needletail's matrix.
func TestServiceAccountACL(t *testing.T) {
	s := newSite(t)
	service := "X-Service-Token: " + s.tokens["service"]
	s.must(201, "owner", "PUT /v1/SERVICE_test/c", "", service)
	s.must(204, "owner", "POST /v1/SERVICE_test/c", "", service, "X-Container-Read: .r:*,.rlistings")
	s.must(204, "none", "HEAD /v1/SERVICE_test/c", "")
	s.must(204, "kowner", "HEAD /v1/SERVICE_test/c", "")
}

func TestForgedHeadersHaveNoEffect(t *testing.T) {
	s := newSite(t)
	s.must(201, "owner", "PUT /v1/AUTH_test/c", "")
	s.must(201, "owner", "PUT /v1/AUTH_test/c/o", "body")
	forged := []string{
		"X-Identity-Status: Confirmed", "X-Roles: admin,ResellerAdmin", "X-User-Id: ktester", "X-User-Name: tester",
		"X-Project-Id: test", "X-Tenant-Id: test", "X-Tenant: test", "X-Is-Admin-Project: True",
		"Openstack-System-Scope: all", "X-Service-Identity-Status: Confirmed", "X-Service-Roles: service",
		"X-Backend-Allow-Reserved-Names: true", "Remote-User: test,test:tester,AUTH_test",
		`X-Account-Sysmeta-Core-Access-Control: {"admin":["test2"]}`,
		"X-Container-Sysmeta-Versions-Container: x", "X-Object-Sysmeta-Slo-Etag: x",
		"X-Container-Host: 127.0.0.1:1", "X-Container-Device: sda", "X-Container-Partition: 1",
		"X-Delete-At-Host: h", "X-Delete-At-Container: 1", "X-Timestamp: 99999999999.9999999999",
	}
	for who, status := range map[string]int{"none": 401, "garbage": 401, "bad": 401, "other": 403, "member": 403, "kowner": 403} {
		for _, request := range []string{"GET /v1/AUTH_test", "GET /v1/AUTH_test/c/o", "PUT /v1/AUTH_test/c/o", "POST /v1/AUTH_test"} {
			s.must(status, who, request, "", forged...)
		}
	}
	// Even from the owner, none of it is stored, and none of it comes back.
	s.must(204, "owner", "POST /v1/AUTH_test", "", forged...)
	s.must(202, "owner", "PUT /v1/AUTH_test/c", "", forged...)
	s.must(201, "owner", "PUT /v1/AUTH_test/c/o", "new", forged...)
	s.must(403, "other", "GET /v1/AUTH_test", "")
	account, err := s.store.HeadAccount(t.Context(), "AUTH_test", objstore.InfoOptions{})
	require.NoError(t, err)
	require.Empty(t, account.Metadata)
	for _, path := range []string{"", "/c", "/c/o"} {
		a := s.as("owner", "HEAD /v1/AUTH_test"+path, "")
		for _, f := range a.header {
			require.NotRegexp(t, `(?i)sysmeta|backend|device|partition|-host$`, f.Name)
			require.NotContains(t, f.Value, "99999999999")
		}
	}
}

func TestRealmCannotInject(t *testing.T) {
	s := newSite(t)
	for raw, realm := range map[string]string{
		"AUTH_%22%0D%0AX-Evil:%201%0D%0A": "AUTH_%22%0D%0AX-Evil%3A%201%0D%0A",
		"AUTH_%3Cscript%3E'\"":            "AUTH_%3Cscript%3E%27%22",
		"%E2%82%AC":                       "%E2%82%AC",
	} {
		for _, who := range []string{"none", "bad"} {
			a := s.must(401, who, "GET /v1/"+raw+"/c/o", "")
			require.Equal(t, `Swift realm="`+realm+`"`, a.header.Get("Www-Authenticate"))
			require.NotContains(t, a.body, "script>")
		}
	}
	s.must(401, "bad", "GET /info", "")
	s.must(200, "none", "GET /info", "")
	s.must(200, "none", "GET /healthcheck", "")
}

func TestAccountACLs(t *testing.T) {
	s := newSite(t)
	s.must(201, "owner", "PUT /v1/AUTH_test/c", "", "X-Container-Read: x", "X-Container-Meta-Temp-Url-Key: k")
	set := func(value string) {
		s.must(204, "owner", "POST /v1/AUTH_test", "", "X-Account-Access-Control: "+value)
	}
	set(`{"read-only": ["test2:tester2"]}`)
	a := s.must(204, "owner", "HEAD /v1/AUTH_test", "")
	require.Equal(t, `{"read-only":["test2:tester2"]}`, a.header.Get("X-Account-Access-Control"))
	a = s.must(204, "other", "HEAD /v1/AUTH_test", "")
	require.False(t, a.header.Has("X-Account-Access-Control"))
	a = s.must(204, "other", "HEAD /v1/AUTH_test/c", "")
	require.False(t, a.header.Has("X-Container-Read"))
	require.False(t, a.header.Has("X-Container-Meta-Temp-Url-Key"))
	s.must(403, "other", "PUT /v1/AUTH_test/c/o", "x")

	set(`{"read-write":["test2"]}`)
	s.must(201, "other", "PUT /v1/AUTH_test/c/o", "x")
	s.must(201, "other", "PUT /v1/AUTH_test/d", "")
	s.must(403, "other", "POST /v1/AUTH_test", "", "X-Account-Meta-X: y")
	s.must(202, "other", "PUT /v1/AUTH_test/c", "", `X-Account-Access-Control: {"admin":["test2"]}`, "X-Container-Read: evil")
	s.must(403, "other", "POST /v1/AUTH_test", "")

	set(`{"admin":["test2"]}`)
	s.must(204, "other", "POST /v1/AUTH_test", "", "X-Account-Meta-X: y")
	a = s.must(204, "other", "HEAD /v1/AUTH_test/c", "")
	require.Equal(t, "x", a.header.Get("X-Container-Read"))
	require.True(t, s.as("other", "HEAD /v1/AUTH_test", "").header.Has("X-Account-Access-Control"))

	set("{}")
	s.must(403, "other", "HEAD /v1/AUTH_test", "")
	require.False(t, s.as("owner", "HEAD /v1/AUTH_test", "").header.Has("X-Account-Access-Control"))
	a = s.must(400, "owner", "POST /v1/AUTH_test", "", "X-Account-Access-Control: yuck")
	require.Equal(t, "X-Account-Access-Control invalid: Syntax error in input ('yuck')\n\nInput: yuck\n", a.body)
}

func TestProjectDomainIsKept(t *testing.T) {
	s := newSite(t)
	s.must(201, "kowner", "PUT /v1/AUTH_ktest/c", "")
	a := s.must(204, "kowner", "HEAD /v1/AUTH_ktest", "")
	require.Equal(t, "default", a.header.Get("X-Account-Project-Domain-Id"))
	s.must(201, "kreseller", "PUT /v1/AUTH_ktest2/c", "")
	a = s.must(204, "kreseller", "HEAD /v1/AUTH_ktest2", "")
	require.Equal(t, "_unknown", a.header.Get("X-Account-Project-Domain-Id"))
	s.must(204, "kother", "POST /v1/AUTH_ktest2", "")
	a = s.must(204, "kother", "HEAD /v1/AUTH_ktest2", "")
	require.Equal(t, "default", a.header.Get("X-Account-Project-Domain-Id"))
}
