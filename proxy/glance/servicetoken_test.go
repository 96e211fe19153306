// SPDX-License-Identifier: Apache-2.0

package glance

import (
	"context"
	"maps"
	"testing"

	"needletail/auth"
)

// lenient also knows a token that has expired.
type lenient struct{ tokens }

func (l lenient) ValidateExpired(ctx context.Context, token string) (*auth.Identity, error) {
	if token == "late alice" {
		return l.Validate(ctx, "alice")
	}
	return l.Validate(ctx, token)
}

// TestServiceTokens: what Nova began for a user comes to its end although the
// user's token has expired.
func TestServiceTokens(t *testing.T) {
	known := maps.Clone(users)
	known["nova"] = &auth.Identity{UserName: "nova", ProjectID: "service", Roles: []string{"service"}}
	limited := *users["alice"]
	limited.AccessRules = []auth.AccessRule{}
	known["limited"] = &limited
	s := newSite(t)
	use := func(required bool) func(*Config) {
		return func(c *Config) { c.Validator, c.ServiceTokenRolesRequired = lenient{known}, required }
	}
	s.restart(use(false))
	f := func(status int, token, serviceToken string) {
		t.Helper()
		s.want(status, token, "GET", "/v2/images", "", "X-Service-Token", serviceToken)
	}
	f(401, "late alice", "")
	f(200, "late alice", "nova")
	f(401, "late alice", "bob") // no role service
	f(401, "late alice", "garbage")
	f(401, "late bob", "nova")
	f(200, "alice", "garbage")
	f(503, "alice", "down")
	f(401, "limited", "")
	f(200, "limited", "nova")
	f(401, "limited", "bob") // not trusted
	f(401, "limited", "limited")
	s.restart(use(true))
	f(401, "limited", "bob")
	f(200, "late alice", "nova")

	if a := s.want(503, "down", "GET", "/v2/images", ""); a.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	s.want(200, "", "GET", "/v2/images", "", "X-Storage-Token", "alice")
	s.want(401, "garbage", "GET", "/v2/images", "", "X-Storage-Token", "alice")
}
