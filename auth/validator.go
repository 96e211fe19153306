// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"context"
	"errors"
)

// ErrInvalidToken: the token is unknown, garbled, expired or revoked.
var ErrInvalidToken = errors.New("invalid token")

// TokenValidator finds the identity behind a Keystone token. auth/identity
// validates the tokens of the built-in Keystone, auth/keystoneclient asks an
// external Keystone.
type TokenValidator interface {
	// Validate returns the token's identity, or ErrInvalidToken. Any further
	// error means that Keystone could not be asked (503).
	Validate(ctx context.Context, token string) (*Identity, error)
}

// ExpiredTokenValidator is a TokenValidator that can also accept a token which
// has expired within Keystone's allow_expired_window. A trusted service sends
// such a token for a user.
type ExpiredTokenValidator interface {
	TokenValidator
	// ValidateExpired is Validate with the later expiry, and has the same
	// errors.
	ValidateExpired(ctx context.Context, token string) (*Identity, error)
}
