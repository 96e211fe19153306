// SPDX-License-Identifier: Apache-2.0

// Package gatekeeper drops the server's own header lines from requests and
// responses of clients (swift/common/middleware/gatekeeper.py). Every
// middleware after it, and every controller, may trust these lines.
//
// Dropped both ways, with letters of any case:
//
//	X-Account-Sysmeta-*, X-Container-Sysmeta-*, X-Object-Sysmeta-*
//	X-Object-Transient-Sysmeta-*
//	X-Backend*
//	X-Account-Host, -Device, -Partition
//	X-Container-Host, -Device, -Partition, -Root-Db-State
//	X-Delete-At-Host, -Device, -Partition, -Container
//
// Dropped from requests alone: X-Timestamp, for a client does not set an
// object's time (Request.InboundTimestamp keeps the value for features that can
// verify it); and the lines in which keystonemiddleware's auth_token hands on
// an identity (X-Roles, X-User-*, X-Identity-Status and the like). No identity
// is read from headers here, but a feature that passes headers on must not pass
// on a forged identity.
//
// Dropped from responses alone: X-Put-Timestamp and X-Delete-After.
package gatekeeper

import (
	"strings"

	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// Lower case; an entry with '*' at its end is a prefix.
var (
	bothWays = []string{
		"x-account-sysmeta-*", "x-container-sysmeta-*", "x-object-sysmeta-*",
		"x-object-transient-sysmeta-*", "x-backend*",
		"x-account-host", "x-account-device", "x-account-partition",
		"x-container-host", "x-container-device", "x-container-partition", "x-container-root-db-state",
		"x-delete-at-host", "x-delete-at-device", "x-delete-at-partition", "x-delete-at-container",
	}
	// keystonemiddleware/auth_token/_request.py, and X-Timestamp.
	inbound = newRules(bothWays, []string{
		"x-timestamp",
		"x-identity-status", "x-service-identity-status",
		"x-domain-*", "x-project-*", "x-user-*", "x-roles", "x-service-catalog", "x-is-admin-project",
		"x-service-domain-*", "x-service-project-*", "x-service-user-*", "x-service-roles",
		"x-user", "x-tenant", "x-tenant-id", "x-tenant-name", "x-role", "openstack-system-scope",
	})
	outbound = newRules(bothWays, []string{"x-put-timestamp", "x-delete-after"})
)

// maxRuleBytes is more than the longest rule has: no more of a name is looked
// at.
const maxRuleBytes = 40

// rules match every header line of every request without allocating.
type rules struct {
	exact    map[string]bool
	prefixes []string
	initials [256]bool // of all of them, lower case
}

func newRules(lists ...[]string) (rs rules) {
	rs.exact = map[string]bool{}
	for _, list := range lists {
		for _, rule := range list {
			rs.initials[rule[0]] = true
			if prefix, ok := strings.CutSuffix(rule, "*"); ok {
				rs.prefixes = append(rs.prefixes, prefix)
			} else {
				rs.exact[rule] = true
			}
		}
	}
	return rs
}

// match takes '_' for '-', as a WSGI server does.
func (rs *rules) match(name string) bool {
	if name == "" || !rs.initials[name[0]|0x20] {
		return false
	}
	var buf [maxRuleBytes]byte
	lower := buf[:copy(buf[:], name)]
	for i, c := range lower {
		switch {
		case 'A' <= c && c <= 'Z':
			lower[i] = c | 0x20
		case c == '_':
			lower[i] = '-'
		}
	}
	if rs.exact[string(lower)] {
		return true
	}
	for _, prefix := range rs.prefixes {
		if len(lower) >= len(prefix) && string(lower[:len(prefix)]) == prefix {
			return true
		}
	}
	return false
}

// New makes the middleware.
func New() swift.Middleware {
	return func(next swift.Handler) swift.Handler {
		return swift.HandlerFunc(func(r *swift.Request) (*web.Response, error) {
			r.InboundTimestamp = r.Header.Get("X-Timestamp")
			r.Header.DelFunc(inbound.match)
			res, err := next.Serve(r)
			if err != nil {
				return nil, err
			}
			res.Header.DelFunc(outbound.match)
			return res, nil
		})
	}
}
