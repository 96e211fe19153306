// SPDX-License-Identifier: Apache-2.0

package authtoken

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"needletail/auth"
)

// known is a validator. The name of a role is a token with the role, "old ROLE" a
// token that has expired, and "narrow ROLE" a token with an access rule.
type known struct{}

var errAway = errors.New("away")

func (known) Validate(_ context.Context, token string) (*auth.Identity, error) {
	role, narrow := strings.CutPrefix(token, "narrow ")
	id := &auth.Identity{UserName: token, Roles: []string{role}}
	if narrow {
		id.AccessRules = []auth.AccessRule{{Service: "object-store", Method: "GET", Path: "/v1/pub/**"}}
	}
	switch role {
	case "away":
		return nil, errAway
	case "service", "member":
		return id, nil
	}
	return nil, auth.ErrInvalidToken
}

// lenient also validates expired tokens.
type lenient struct{ known }

func (l lenient) ValidateExpired(ctx context.Context, token string) (*auth.Identity, error) {
	return l.Validate(ctx, strings.TrimPrefix(token, "old "))
}

// headers returns the headers of a request with these tokens.
func headers(auth, storage, service string) Header {
	return func(name string) string {
		return map[string]string{"X-Auth-Token": auth, "X-Storage-Token": storage, "X-Service-Token": service}[name]
	}
}

func TestCheck(t *testing.T) {
	const pub, priv = "/v1/pub/o", "/v1/priv/o"
	strict := Check{Validator: lenient{}}
	required := Check{Validator: lenient{}, ServiceRolesRequired: true}
	ignoring := Check{Validator: lenient{}, IgnoreBadService: true}
	short := Check{Validator: known{}} // knows no expired tokens
	bad := auth.ErrInvalidToken
	for _, x := range []struct {
		check               Check
		user, service, path string
		withService         bool
		err                 error
	}{
		{strict, "member", "", priv, false, nil},
		{required, "member", "", priv, false, nil},
		{strict, "member", "service", priv, true, nil},
		{strict, "member", "member", priv, true, nil},
		{required, "member", "member", priv, false, bad},
		{strict, "member", "garbage", priv, false, bad},
		{ignoring, "member", "garbage", priv, false, nil},
		{strict, "member", "old member", priv, false, bad},
		{strict, "member", "away", priv, false, errAway},
		{ignoring, "member", "away", priv, false, errAway},
		{strict, "away", "service", priv, false, errAway},
		{strict, "garbage", "service", priv, false, bad},
		{strict, "", "", priv, false, bad},

		// Only a trusted service sends expired tokens.
		{strict, "old member", "", priv, false, bad},
		{strict, "old member", "service", priv, true, nil},
		{required, "old member", "service", priv, true, nil},
		{strict, "old member", "member", priv, false, bad},
		{short, "old member", "service", priv, false, bad},

		// Only a trusted service lifts access rules.
		{strict, "narrow member", "", pub, false, nil},
		{strict, "narrow member", "", priv, false, bad},
		{strict, "narrow member", "narrow member", pub, true, nil},
		{strict, "narrow member", "narrow member", priv, false, bad},
		{strict, "narrow member", "member", priv, false, bad},
		{ignoring, "narrow member", "garbage", priv, false, bad},
		{ignoring, "narrow member", "narrow member", priv, false, bad},
		{strict, "narrow member", "service", priv, true, nil},

		// Access rules of the service's own token hold.
		{strict, "narrow service", "narrow service", priv, false, bad},
		{ignoring, "narrow service", "narrow service", priv, false, bad},
		{strict, "member", "narrow service", priv, false, bad},
		{ignoring, "member", "narrow service", priv, false, nil},
		{strict, "old member", "narrow service", pub, true, nil},
		{ignoring, "old member", "narrow service", priv, false, bad},
	} {
		x.check.ServiceType, x.check.ServiceRoles = "object-store", DefaultServiceRoles()
		user, service, err := x.check.Identify(t.Context(), headers(x.user, "", x.service), "GET", x.path)
		if !errors.Is(err, x.err) || (user == nil) != (x.err != nil) || (service != nil) != x.withService {
			t.Errorf("user %q, service %q, GET %s: %v, %v, %v", x.user, x.service, x.path, user, service, err)
		}
	}
	rules := Check{Validator: known{}, ServiceType: "image"}
	if _, _, err := rules.Identify(t.Context(), headers("narrow member", "", ""), "GET", pub); !errors.Is(err, bad) {
		t.Errorf("a rule of another service: %v", err)
	}
}

// TestUserToken: X-Storage-Token counts only where X-Auth-Token is absent or
// empty.
func TestUserToken(t *testing.T) {
	for _, x := range []struct{ auth, storage, want string }{
		{"a", "", "a"}, {"a", "s", "a"}, {"", "s", "s"}, {"", "", ""},
	} {
		if got := UserToken(headers(x.auth, x.storage, "svc")); got != x.want {
			t.Errorf("X-Auth-Token %q, X-Storage-Token %q: %q", x.auth, x.storage, got)
		}
	}
	check := Check{Validator: known{}}
	for _, x := range []struct {
		auth, storage string
		err           error
	}{
		{"", "member", nil}, {"garbage", "member", auth.ErrInvalidToken},
	} {
		if _, _, err := check.Identify(t.Context(), headers(x.auth, x.storage, ""), "GET", "/"); !errors.Is(err, x.err) {
			t.Errorf("%+v: %v", x, err)
		}
	}
}

// TestNobodyIsAskedWithoutAToken: a request without a user's token is refused
// whatever the service's token is, and so is every request without a Keystone.
func TestNobodyIsAskedWithoutAToken(t *testing.T) {
	for _, c := range []struct {
		check Check
		user  string
	}{{Check{Validator: known{}}, ""}, {Check{}, "member"}} {
		if _, _, err := c.check.Identify(t.Context(), headers(c.user, "", "away"), "GET", "/"); !errors.Is(err, auth.ErrInvalidToken) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

func TestRefusal(t *testing.T) {
	for _, x := range []struct {
		err        error
		status     int
		retryAfter string
	}{
		{auth.ErrInvalidToken, 401, ""}, {fmt.Errorf("x: %w", auth.ErrInvalidToken), 401, ""}, {errAway, 503, "2"},
	} {
		if status, retryAfter := Refusal(x.err); status != x.status || retryAfter != x.retryAfter {
			t.Errorf("%v: %d, %q", x.err, status, retryAfter)
		}
	}
}
