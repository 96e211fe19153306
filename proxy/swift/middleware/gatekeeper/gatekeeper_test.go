// SPDX-License-Identifier: Apache-2.0

package gatekeeper

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// Forged lines: what keystoneauth.py believed and what storage nodes believe.
var (
	forgedBothWays = strings.Fields(`
		X-Account-Sysmeta-Core-Access-Control x-account-sysmeta-project-domain-id X-CONTAINER-SYSMETA-x
		X-Object-Sysmeta-Slo-Etag X-Object-Transient-Sysmeta-Crypto X-Backend-Storage-Policy-Index
		X-Backend-Allow-Reserved-Names x-backendx X-Account-Host X-Account-Device X-Account-Partition
		X-Container-Host X-Container-Device X-Container-Partition X-Container-Root-Db-State
		X-Delete-At-Host X-Delete-At-Device X-Delete-At-Partition X-Delete-At-Container`)
	forgedInbound = strings.Fields(`
		X-Timestamp X-Identity-Status X-Service-Identity-Status X-Roles X-Role X-User-Id X-User-Name X-User
		X-User-Domain-Id X-Project-Id X-Project-Domain-Id X-Tenant X-Tenant-Id X-Tenant-Name X-Domain-Id
		X-Is-Admin-Project X-Service-Roles X-Service-User-Id X-Service-Project-Name X-Service-Domain-Id
		X-Service-Catalog Openstack-System-Scope X_Roles x_backend_foo X-Object_Sysmeta-A`)
	kept = strings.Fields(`
		X-Auth-Token X-Service-Token X-Storage-Token X-Storage-User X-Object-Meta-X-Roles X-Account-Meta-Host
		X-Account-Access-Control X-Container-Read X-Delete-At X-Container-Sync-Key X-Container-Hosts
		X-Delete-At-Containers X-Copy-From-Account Referer X-Trans-Id-Extra`)
)

func TestRequestsAndResponses(t *testing.T) {
	lines := func(lists ...[]string) (h web.Header) {
		for _, names := range lists {
			for _, n := range names {
				h.Add(n, "v")
			}
		}
		return h
	}
	outboundOnly := []string{"X-Put-Timestamp", "x-delete-after"}
	h := New()(swift.HandlerFunc(func(r *swift.Request) (*web.Response, error) {
		require.Equal(t, lines(kept), r.Header)
		return &web.Response{Header: lines(forgedBothWays, kept, outboundOnly, []string{"X-Timestamp"})}, nil
	}))
	res, err := h.Serve(&swift.Request{Request: &web.Request{Header: lines(forgedInbound, kept, forgedBothWays)}})
	require.NoError(t, err)
	require.Equal(t, lines(kept, []string{"X-Timestamp"}), res.Header)
}

func TestErrorsPass(t *testing.T) {
	h := New()(swift.HandlerFunc(func(*swift.Request) (*web.Response, error) { return nil, web.Status(404) }))
	_, err := h.Serve(&swift.Request{Request: &web.Request{}})
	require.Equal(t, web.Status(404), err)
}

// A name as long as what is looked at, or longer, is not cut into a match.
func TestRulesFit(t *testing.T) {
	for _, rs := range []rules{inbound, outbound} {
		for rule := range rs.exact {
			require.Less(t, len(rule), maxRuleBytes)
			require.True(t, rs.match(strings.ToUpper(rule)))
			require.False(t, rs.match(rule+strings.Repeat("x", maxRuleBytes)))
		}
		for _, prefix := range rs.prefixes {
			require.Less(t, len(prefix), maxRuleBytes)
		}
	}
	require.Zero(t, testing.AllocsPerRun(10, func() { inbound.match("X-Object-Meta-" + "Color") }))
}

func BenchmarkRequestAndResponse(b *testing.B) {
	var lines web.Header
	for _, n := range kept {
		lines.Add(n, "v")
	}
	h := New()(swift.HandlerFunc(func(r *swift.Request) (*web.Response, error) {
		return &web.Response{Header: lines}, nil
	}))
	for b.Loop() {
		if _, err := h.Serve(&swift.Request{Request: &web.Request{Header: lines}}); err != nil {
			b.Fatal(err)
		}
	}
}

func FuzzRules(f *testing.F) {
	f.Add("x-BACKEND-a")
	f.Add("X-Roles")
	f.Fuzz(func(t *testing.T, name string) {
		h := New()(swift.HandlerFunc(func(r *swift.Request) (*web.Response, error) {
			for _, field := range r.Header {
				require.NotRegexp(t, `(?i)^x-(backend|(account|container|object)-sysmeta-|roles$)`, field.Name)
			}
			return web.NewResponse(204), nil
		}))
		_, err := h.Serve(&swift.Request{Request: &web.Request{Header: web.Header{{Name: name, Value: "v"}}}})
		require.NoError(t, err)
	})
}
