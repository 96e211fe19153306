package auth

import (
	"context"
	"errors"
	"strings"
	"testing"
)

// known is a validator whose tokens are names of roles. "old ROLE" has expired,
// "narrow ROLE" has an access rule.
type known struct{}

var errAway = errors.New("away")

func (known) Validate(_ context.Context, token string) (*Identity, error) {
	role, narrow := strings.CutPrefix(token, "narrow ")
	id := &Identity{UserName: token, Roles: []string{role}}
	if narrow {
		id.AccessRules = []AccessRule{{Service: "object-store", Method: "GET", Path: "/v1/pub/**"}}
	}
	switch role {
	case "away":
		return nil, errAway
	case "service", "member":
		return id, nil
	}
	return nil, ErrInvalidToken
}

// lenient also validates expired tokens.
type lenient struct{ known }

func (l lenient) ValidateExpired(ctx context.Context, token string) (*Identity, error) {
	return l.Validate(ctx, strings.TrimPrefix(token, "old "))
}

func TestTokenCheck(t *testing.T) {
	const pub, priv = "/v1/pub/o", "/v1/priv/o"
	strict := TokenCheck{Validator: lenient{}}
	required := TokenCheck{Validator: lenient{}, ServiceRolesRequired: true}
	ignoring := TokenCheck{Validator: lenient{}, IgnoreBadService: true}
	short := TokenCheck{Validator: known{}} // knows no expired tokens
	bad := ErrInvalidToken
	for _, x := range []struct {
		check               TokenCheck
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
		x.check.ServiceType, x.check.ServiceRoles = "object-store", DefaultServiceTokenRoles()
		user, service, err := x.check.Identify(t.Context(), Tokens{User: x.user, Service: x.service, Method: "GET", Path: x.path})
		if !errors.Is(err, x.err) || (user == nil) != (x.err != nil) || (service != nil) != x.withService {
			t.Errorf("user %q, service %q, GET %s: %v, %v, %v", x.user, x.service, x.path, user, service, err)
		}
	}
	rules := TokenCheck{Validator: known{}, ServiceType: "image"}
	if _, _, err := rules.Identify(t.Context(), Tokens{User: "narrow member", Method: "GET", Path: pub}); !errors.Is(err, bad) {
		t.Errorf("a rule of another service: %v", err)
	}
}
