package auth

import (
	"context"
	"errors"
	"testing"
)

// known is a validator whose tokens are names of roles; "old ROLE" has expired.
type known struct{}

var errAway = errors.New("away")

func (known) Validate(_ context.Context, token string) (*Identity, error) {
	switch token {
	case "away":
		return nil, errAway
	case "service", "member":
		return &Identity{Roles: []string{token}}, nil
	}
	return nil, ErrInvalidToken
}

// lenient also validates expired tokens.
type lenient struct{ known }

func (l lenient) ValidateExpired(ctx context.Context, token string) (*Identity, error) {
	if token == "old member" {
		token = "member"
	}
	return l.Validate(ctx, token)
}

func TestServiceTokens(t *testing.T) {
	for _, x := range []struct {
		validator TokenValidator
		token     string
		required  bool
		found     bool
		err       error
		expired   bool // a user's expired token is then good
	}{
		{lenient{}, "", false, false, nil, false},
		{lenient{}, "", true, false, nil, false},
		{lenient{}, "service", false, true, nil, true},
		{lenient{}, "service", true, true, nil, true},
		{lenient{}, "member", false, true, nil, false},
		{lenient{}, "member", true, false, ErrInvalidToken, false},
		{lenient{}, "garbage", false, false, ErrInvalidToken, false},
		{lenient{}, "old member", false, false, ErrInvalidToken, false},
		{lenient{}, "away", false, false, errAway, false},
		{known{}, "service", false, true, nil, false},
	} {
		s := ServiceTokens{Validator: x.validator, Roles: DefaultServiceTokenRoles(), RolesRequired: x.required}
		service, validate, err := s.Service(t.Context(), x.token)
		if (service != nil) != x.found || !errors.Is(err, x.err) {
			t.Errorf("%+v: %v, %v", x, service, err)
		}
		if _, err := validate(t.Context(), "member"); err != nil {
			t.Errorf("%+v: a valid token: %v", x, err)
		}
		if _, err := validate(t.Context(), "old member"); (err == nil) != x.expired {
			t.Errorf("%+v: an expired token: %v", x, err)
		}
	}
}
