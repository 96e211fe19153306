package auth

import (
	"context"
	"errors"
)

// ErrInvalidToken: the token is unknown, garbled, expired or revoked.
var ErrInvalidToken = errors.New("invalid token")

// TokenValidator says who a Keystone token stands for. auth/identity is one;
// a client of an external Keystone will be another.
type TokenValidator interface {
	// Validate gives the token's identity, or ErrInvalidToken; any other error
	// means that it could not be found out (503).
	Validate(ctx context.Context, token string) (*Identity, error)
}
