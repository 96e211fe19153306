// SPDX-License-Identifier: Apache-2.0

package encryption

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"needletail/objstore"
)

const (
	// SecretMinBytes is the least length of a root secret.
	SecretMinBytes = 32
	// SecretIDMaxBytes is the longest id of a root secret.
	SecretIDMaxBytes = 255
)

// Keys hold the root secrets. The zero value has no secret: nothing is
// encrypted, and encrypted objects cannot be read.
type Keys struct {
	secrets map[string][]byte
	active  string
	write   bool
}

// KeyOptions are the arguments of NewKeys.
type KeyOptions struct {
	// Secrets by id. The id "" is an id like any other, used for an only
	// secret.
	Secrets map[string][]byte
	// Active is the id of the secret for new objects.
	Active string
	// Disable ends encryption of new objects. Encrypted objects stay readable.
	Disable bool
}

var (
	errShortSecret = fmt.Errorf("a root secret has fewer than %d bytes", SecretMinBytes)
	errLongID      = fmt.Errorf("the id of a root secret has more than %d bytes", SecretIDMaxBytes)
	errNoActive    = errors.New("there is no root secret of the active id")
)

// NewKeys checks the secrets. Without any secret it returns Keys that encrypt
// nothing.
func NewKeys(o KeyOptions) (Keys, error) {
	k := Keys{secrets: map[string][]byte{}, active: o.Active, write: !o.Disable && len(o.Secrets) > 0}
	for id, secret := range o.Secrets {
		if len(secret) < SecretMinBytes {
			return Keys{}, fmt.Errorf("%w: id %q", errShortSecret, id)
		}
		if len(id) > SecretIDMaxBytes {
			return Keys{}, errLongID
		}
		k.secrets[id] = append([]byte(nil), secret...)
	}
	if _, ok := k.secrets[o.Active]; k.write && !ok {
		return Keys{}, fmt.Errorf("%w: %q", errNoActive, o.Active)
	}
	return k, nil
}

// ParseSecret reads a root secret in the form of a file: base64 (as of `openssl
// rand -base64 32`), with white space around and inside. The error does not
// show the secret.
func ParseSecret(text []byte) ([]byte, error) {
	b, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(string(text)), ""))
	if err != nil {
		return nil, errors.New("a root secret is not base64")
	}
	if len(b) < SecretMinBytes {
		return nil, errShortSecret
	}
	return b, nil
}

// ErrNoSecret: the root secret of an object is not configured.
var ErrNoSecret = errors.New("encrypted under a root secret that is not configured")

// The two kinds of keys derived from a root secret.
const (
	scopeObject    = "needletail object key 1"
	scopeContainer = "needletail container key 1"
)

// aead returns the cipher of all envelopes of an object or, for listings, of a
// container. Names hold no NUL, so different names give different keys.
func (k *Keys) aead(secretID, scope string, names ...string) (cipher.AEAD, error) {
	secret, ok := k.secrets[secretID]
	if !ok {
		return nil, fmt.Errorf("%w: id %q", ErrNoSecret, secretID)
	}
	h := hmac.New(sha256.New, secret)
	h.Write([]byte(scope))
	for _, n := range names {
		h.Write([]byte{0})
		h.Write([]byte(n))
	}
	block, err := aes.NewCipher(h.Sum(nil))
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

func (k *Keys) objectAEAD(secretID string, o objstore.ObjectID) (cipher.AEAD, error) {
	return k.aead(secretID, scopeObject, string(o.Account), string(o.Container), string(o.Object))
}

func (k *Keys) containerAEAD(secretID string, c objstore.ContainerID) (cipher.AEAD, error) {
	return k.aead(secretID, scopeContainer, string(c.Account), string(c.Container))
}
