// SPDX-License-Identifier: Apache-2.0

// Package authtoken says who sent a request, by the request's Keystone tokens:
// keystonemiddleware's auth_token, as one rule for Swift's API, the Image API and
// every later service. The package reads two values of headers and answers with
// identities; a service renders the answer.
//
// # Tokens
//
// The token of the user is X-Auth-Token, else X-Storage-Token. A service such as
// Nova sends a token of its own beside the user's, as X-Service-Token, so that an
// operation comes to its end although the user's token has expired meanwhile.
//
// # Answers
//
// A refused request has one of two errors. Refusal gives the status: 401 if a
// token is missing or not valid, 503 with Retry-After if Keystone could not be
// asked. auth_token answers 401 in the second case too; but clients throw a
// token away after a 401, and try again after a 503.
//
// # Services differ
//
// Swift's API ignores no bad service token, and takes a refused request for an
// anonymous request, because public containers are for everybody. The Image API
// ignores a bad service token (Check.IgnoreBadService), as Glance does, and
// answers 401. Keystone's own API (proxy/keystone) has no Check: that API reads
// X-Auth-Token alone, needs the whole token, and asks a local store, which is
// never away. TempAuth reads the same headers through UserToken.
package authtoken

import (
	"context"
	"errors"
	"slices"

	"needletail/auth"
)

// The names of the headers that carry tokens.
const (
	userHeader    = "X-Auth-Token"
	storageHeader = "X-Storage-Token"
	serviceHeader = "X-Service-Token"
)

// Header returns the first value of a request's header, or "".
type Header func(name string) string

// UserToken returns the text of the user's token, or "".
func UserToken(header Header) string {
	if token := header(userHeader); token != "" {
		return token
	}
	return header(storageHeader)
}

// ServiceToken returns the text of the service's token, or "".
func ServiceToken(header Header) string { return header(serviceHeader) }

// Check is how one service judges tokens
// (keystonemiddleware/auth_token/__init__.py, BaseAuthProtocol.process_request).
type Check struct {
	// Validator asks Keystone. nil: there is no Keystone, and no token is valid.
	Validator auth.TokenValidator
	// ServiceType is the name of the judged service in access rules:
	// "object-store".
	ServiceType string
	// ServiceRoles are the roles that make a service a trusted service. A trusted
	// service may send an expired token of a user, and the user's access rules do
	// not hold for the service.
	ServiceRoles []string
	// ServiceRolesRequired refuses the token of a service without such a role.
	ServiceRolesRequired bool
	// IgnoreBadService serves a request with a bad service token as a request
	// without a service token. Otherwise a bad service token spoils the request.
	IgnoreBadService bool
}

// DefaultServiceRoles returns the default of auth_token's service_token_roles.
func DefaultServiceRoles() []string { return []string{"service"} }

// Identify returns the user and the service of a request; service is nil for a
// request without a service token. The error is auth.ErrInvalidToken if a token
// is missing, not valid or not meant for this request; any further error means
// that Keystone could not be asked. Refusal turns the error into an answer. The
// validator shares both identities with further requests: a caller copies an
// identity before a change.
//
// Only a trusted service lifts the access rules of a user. keystonemiddleware
// lifts the rules for every service token, and so lets a user lift the rules by
// sending the user's own token twice.
func (c *Check) Identify(ctx context.Context, header Header, method, path string) (user, service *auth.Identity, err error) {
	token := UserToken(header)
	if token == "" || c.Validator == nil {
		return nil, nil, auth.ErrInvalidToken
	}
	service, trusted, err := c.service(ctx, ServiceToken(header), method, path)
	if err != nil && !(c.IgnoreBadService && errors.Is(err, auth.ErrInvalidToken)) {
		return nil, nil, err
	}
	if v, ok := c.Validator.(auth.ExpiredTokenValidator); ok && trusted {
		user, err = v.ValidateExpired(ctx, token)
	} else {
		user, err = c.Validator.Validate(ctx, token)
	}
	if err != nil {
		return nil, nil, err
	}
	if !trusted && !user.MayRequest(c.ServiceType, method, path) {
		return nil, nil, auth.ErrInvalidToken
	}
	return user, service, nil
}

// service returns the service of a request, or nil for an empty token, and says
// whether the service is trusted. The access rules of the service's own token
// always hold.
func (c *Check) service(ctx context.Context, token, method, path string) (service *auth.Identity, trusted bool, err error) {
	if token == "" {
		return nil, false, nil
	}
	if service, err = c.Validator.Validate(ctx, token); err != nil {
		return nil, false, err
	}
	trusted = slices.ContainsFunc(service.Roles, func(role string) bool { return slices.Contains(c.ServiceRoles, role) })
	if !trusted && c.ServiceRolesRequired || !service.MayRequest(c.ServiceType, method, path) {
		return nil, false, auth.ErrInvalidToken
	}
	return service, trusted, nil
}

// retryAfterSeconds is the pause before a client asks again while Keystone does
// not answer.
const retryAfterSeconds = "2"

// Refusal returns the status of the answer to a request that Identify refused
// with err, and the value of the answer's Retry-After, or "".
func Refusal(err error) (status int, retryAfter string) {
	if errors.Is(err, auth.ErrInvalidToken) {
		return 401, ""
	}
	return 503, retryAfterSeconds
}
