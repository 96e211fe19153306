package auth

import (
	"context"
	"errors"
)

// ErrInvalidToken: the token is unknown, garbled, expired or revoked.
var ErrInvalidToken = errors.New("invalid token")

// TokenValidator says who a Keystone token stands for. auth/identity is one,
// auth/keystoneclient, a client of an external Keystone, the other.
type TokenValidator interface {
	// Validate gives the token's identity, or ErrInvalidToken; any other error
	// means that it could not be found out (503).
	Validate(ctx context.Context, token string) (*Identity, error)
}

// ExpiredTokenValidator can also validate for a request that a trusted service
// sends on behalf of a user, whose token may have expired within Keystone's
// allow_expired_window.
type ExpiredTokenValidator interface {
	TokenValidator
	// ValidateExpired has the errors of Validate.
	ValidateExpired(ctx context.Context, token string) (*Identity, error)
}
