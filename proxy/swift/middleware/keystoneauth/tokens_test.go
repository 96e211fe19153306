// SPDX-License-Identifier: Apache-2.0

package keystoneauth

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"needletail/auth"
	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// lenient also knows a token that has expired.
type lenient struct{ validator }

func (v lenient) ValidateExpired(ctx context.Context, token string) (*auth.Identity, error) {
	if token == "expired" {
		return identity("p", "late", "member"), nil
	}
	return v.Validate(ctx, token)
}

// user sends a request and gives the user that the next layer sees.
func user(t *testing.T, c Config, path string, lines ...string) string {
	t.Helper()
	n := &next{}
	do(t, New(c)(n), "GET", path, lines...)
	if len(n.seen) == 0 {
		return "refused"
	}
	if id := n.last().Identity; id != nil {
		return id.UserName
	}
	return ""
}

func TestExpiredTokenOfAService(t *testing.T) {
	known := lenient{tokens()}
	for _, x := range []struct {
		lines    string
		required bool
		want     string
	}{
		{"X-Auth-Token: expired", false, ""},
		{"X-Auth-Token: expired|X-Service-Token: svc", false, "late"},
		{"X-Auth-Token: expired|X-Service-Token: svc", true, "late"},
		{"X-Auth-Token: expired|X-Service-Token: boss", false, ""}, // no role service
		{"X-Auth-Token: good|X-Service-Token: boss", false, "u"},
		{"X-Auth-Token: good|X-Service-Token: boss", true, ""},
		{"X-Auth-Token: bad|X-Service-Token: svc", false, ""},
	} {
		got := user(t, Config{Validator: known, ServiceTokenRolesRequired: x.required}, "/v1/AUTH_p-id", strings.Split(x.lines, "|")...)
		require.Equal(t, x.want, got, "%+v", x)
	}
	require.Equal(t, "late", user(t, Config{Validator: known, ServiceTokenRoles: []string{"ResellerAdmin"}}, "/v1/AUTH_p-id",
		"X-Auth-Token: expired", "X-Service-Token: boss"))
}

func TestAccessRulesAreEnforced(t *testing.T) {
	known := tokens()
	limited := identity("p", "app", "member")
	limited.AccessRules = []auth.AccessRule{{Service: "object-store", Method: "GET", Path: "/v1/*/open/**"}}
	known["app"] = limited
	f := func(path, want string, lines ...string) {
		t.Helper()
		lines = append(lines, "X-Auth-Token: app")
		require.Equal(t, want, user(t, Config{Validator: known}, path, lines...), path)
	}
	f("/v1/AUTH_p-id/open/o", "app")
	f("/v1/AUTH_p-id/shut/o", "")
	f("/v1/AUTH_p-id/open", "")
	f("/v1/AUTH_p-id/shut/o", "app", "X-Service-Token: svc")
	f("/v1/AUTH_p-id/shut/o", "", "X-Service-Token: good") // not the token of a service
	f("/v1/AUTH_p-id/shut/o", "", "X-Service-Token: app")
	f("/v1/AUTH_p-id/open/o", "app", "X-Service-Token: app")
	require.Equal(t, "", user(t, Config{Validator: known, ServiceType: "image"}, "/v1/AUTH_p-id/open/o", "X-Auth-Token: app"))
}

// challenges are the lines of a 401.
func challenges(res *web.Response) (values []string) {
	for _, f := range res.Header {
		if strings.EqualFold(f.Name, "Www-Authenticate") {
			values = append(values, f.Value)
		}
	}
	return values
}

// TestRefuseAnonymous ends what has no valid token with auth_token's body and
// line; both lines stand where Swift's own 401 comes back.
func TestRefuseAnonymous(t *testing.T) {
	c := Config{Validator: tokens(), RefuseAnonymous: true, AuthURI: "http://k/v3"}
	for _, line := range []string{"X-Auth-Token: bad", "X-Auth-Token: good|X-Service-Token: bad", "X-Other: x"} {
		n := &next{}
		res := do(t, New(c)(n), "GET", "/v1/AUTH_p-id", strings.Split(line, "|")...)
		body, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.Empty(t, n.seen)
		require.Equal(t, 401, res.Status)
		require.Equal(t, refusal, string(body))
		require.Equal(t, []string{`Keystone uri="http://k/v3"`}, challenges(res))
	}
	require.Equal(t, "u", user(t, c, "/v1/AUTH_p-id", "X-Auth-Token: good"))

	c.RefuseAnonymous = false
	n := &next{answer: func(*swift.Request) (*web.Response, error) {
		return nil, &web.StatusError{Status: 401, Header: web.Header{{Name: "Www-Authenticate", Value: `Swift realm="AUTH_x"`}}}
	}}
	res := do(t, New(c)(n), "GET", "/v1/AUTH_x")
	require.Equal(t, []string{`Swift realm="AUTH_x"`, `Keystone uri="http://k/v3"`}, challenges(res))
}
