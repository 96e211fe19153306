package auth

import (
	"context"
	"errors"
	"slices"
)

// TokenCheck decides who sent a request, by its two tokens: X-Auth-Token is the
// user's, and a service such as Nova sends its own beside it, as
// X-Service-Token, so that what it began for the user comes to its end
// (keystonemiddleware/auth_token/__init__.py, BaseAuthProtocol.process_request).
// Swift's API and the Image API both ask here.
type TokenCheck struct {
	Validator TokenValidator
	// ServiceType is what access rules call the API that is asked:
	// "object-store".
	ServiceType string
	// ServiceRoles make a service a trusted one: its users' tokens may have
	// expired, and their access rules do not hold.
	ServiceRoles []string
	// ServiceRolesRequired makes the token of a service without them no valid
	// one.
	ServiceRolesRequired bool
	// IgnoreBadService serves a request whose service token is not valid as if
	// it had none. Without it the whole request has no valid token.
	IgnoreBadService bool
}

// Tokens is the part of a request that a TokenCheck looks at.
type Tokens struct {
	User, Service string // the texts of the tokens; "" for none
	Method, Path  string
}

// DefaultServiceTokenRoles are auth_token's service_token_roles.
func DefaultServiceTokenRoles() []string { return []string{"service"} }

// Identify gives the user and the service of a request; the service is nil
// without a token of its own. The error is ErrInvalidToken if a token is not
// valid or may not be used for this request; any other one means that Keystone
// could not be asked. Both identities are the validator's and not to be changed.
//
// Only a trusted service lifts a user's access rules. keystonemiddleware lifts
// them for any service token, so that a holder can send the same token twice.
func (c *TokenCheck) Identify(ctx context.Context, t Tokens) (user, service *Identity, err error) {
	service, trusted, err := c.service(ctx, t)
	switch {
	case errors.Is(err, ErrInvalidToken) && c.IgnoreBadService:
	case err != nil:
		return nil, nil, err
	}
	validate := c.Validator.Validate
	if v, ok := c.Validator.(ExpiredTokenValidator); ok && trusted {
		validate = v.ValidateExpired
	}
	if user, err = validate(ctx, t.User); err != nil {
		return nil, nil, err
	}
	if !trusted && !user.MayRequest(c.ServiceType, t.Method, t.Path) {
		return nil, nil, ErrInvalidToken
	}
	return user, service, nil
}

// service gives the service of a request, and whether it is a trusted one. A
// service token with access rules is good for what they name alone, too.
func (c *TokenCheck) service(ctx context.Context, t Tokens) (service *Identity, trusted bool, err error) {
	if t.Service == "" {
		return nil, false, nil
	}
	if service, err = c.Validator.Validate(ctx, t.Service); err != nil {
		return nil, false, err
	}
	trusted = slices.ContainsFunc(service.Roles, func(role string) bool { return slices.Contains(c.ServiceRoles, role) })
	if !trusted && c.ServiceRolesRequired || !service.MayRequest(c.ServiceType, t.Method, t.Path) {
		return nil, false, ErrInvalidToken
	}
	return service, trusted, nil
}
