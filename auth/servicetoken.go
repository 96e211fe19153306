package auth

import (
	"context"
	"slices"
)

// ServiceTokens is what a second token is good for: X-Service-Token, which a
// service such as Nova sends beside its user's, so that what it began for the
// user comes to its end (keystonemiddleware/auth_token/__init__.py,
// BaseAuthProtocol.process_request).
type ServiceTokens struct {
	Validator TokenValidator
	// Roles are those of a service that may send expired tokens of users.
	Roles []string
	// RolesRequired makes the token of a service without them no valid one.
	RolesRequired bool
}

// DefaultServiceTokenRoles are auth_token's service_token_roles.
func DefaultServiceTokenRoles() []string { return []string{"service"} }

// ValidateFunc is a TokenValidator's Validate.
type ValidateFunc func(ctx context.Context, token string) (*Identity, error)

// Service gives the service of a token, nil for "", and what its user's token is
// to be validated with, also beside an error. The errors are those of Validate.
func (s ServiceTokens) Service(ctx context.Context, token string) (service *Identity, user ValidateFunc, err error) {
	user = s.Validator.Validate
	if token == "" {
		return nil, user, nil
	}
	if service, err = user(ctx, token); err != nil {
		return nil, user, err
	}
	trusted := slices.ContainsFunc(service.Roles, func(role string) bool { return slices.Contains(s.Roles, role) })
	if !trusted && s.RolesRequired {
		return nil, user, ErrInvalidToken
	}
	if v, ok := s.Validator.(ExpiredTokenValidator); ok && trusted {
		user = v.ValidateExpired
	}
	return service, user, nil
}
