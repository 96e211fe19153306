// SPDX-License-Identifier: Apache-2.0

package swiftcrypto

import (
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

const (
	// secretMinBytes is the least length of a root secret.
	secretMinBytes = 32
	// secretTextMax bounds the text of a root secret.
	secretTextMax = 64 << 10
	// DefaultVersion is the version of key ids that Swift's proxies write without
	// meta_version_to_write.
	DefaultVersion = version2
)

// The versions of key ids (swift/common/middleware/crypto/keymaster.py:
// KeyMasterContext). A path of version 1 is the object's name alone if the name
// begins with a slash. A path of versions 1 and 2 is UTF-8 that was read as
// Latin-1.
const (
	version1 = "1"
	version2 = "2"
	version3 = "3"
)

var (
	errSecretBase64 = fmt.Errorf("a root secret is not base64 of at least %d bytes", secretMinBytes)
	errSecretLong   = fmt.Errorf("a root secret is longer than %d bytes of text", secretTextMax)
	errSecretShort  = fmt.Errorf("a root secret has fewer than %d bytes", secretMinBytes)
	errNoActive     = errors.New("there is no root secret of the active id")
	errVersion      = errors.New("key ids have the versions 1, 2 and 3")
)

// Keys are the root secrets of a cluster.
type Keys struct {
	secrets map[string][]byte
	active  string
	version string
	writes  bool
}

// KeyOptions are the arguments of NewKeys.
type KeyOptions struct {
	// Secrets by id; "" is the id of Swift's encryption_root_secret.
	Secrets map[string][]byte
	// Active is the id of the secret for what is written.
	Active string
	// Version is that of the key ids that are written; "" is DefaultVersion.
	Version string
	// Disable writes objects in clear. Encrypted objects stay readable.
	Disable bool
}

// NewKeys checks the secrets. Without a secret there are no Keys: nil.
func NewKeys(o KeyOptions) (*Keys, error) {
	if len(o.Secrets) == 0 && o.Active == "" {
		return nil, nil
	}
	if o.Version == "" {
		o.Version = DefaultVersion
	}
	k := &Keys{secrets: map[string][]byte{}, active: o.Active, version: o.Version, writes: !o.Disable}
	for id, secret := range o.Secrets {
		if len(secret) < secretMinBytes {
			return nil, fmt.Errorf("%w: id %q", errSecretShort, id)
		}
		k.secrets[id] = slices.Clone(secret)
	}
	if _, ok := k.secrets[o.Active]; !ok {
		return nil, fmt.Errorf("%w: %q", errNoActive, o.Active)
	}
	if o.Version != version1 && o.Version != version2 && o.Version != version3 {
		return nil, errVersion
	}
	return k, nil
}

// Writes reports whether new objects are encrypted.
func (k *Keys) Writes() bool { return k != nil && k.writes }

// String tells the ids of the secrets.
func (k *Keys) String() string {
	if k == nil {
		return "no root secrets"
	}
	return fmt.Sprintf("root secrets %q, active %q", slices.Sorted(maps.Keys(k.secrets)), k.active)
}

// GoString is String: %#v shows no secret.
func (k *Keys) GoString() string { return k.String() }

// ParseSecret reads a root secret as Swift does (swift/common/utils:
// strict_b64decode): base64, with line breaks anywhere. The error does not show
// the secret.
func ParseSecret(text string) ([]byte, error) {
	if len(text) > secretTextMax {
		return nil, errSecretLong
	}
	b, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text)) // skips CR and LF
	if err != nil || len(b) < secretMinBytes {
		return nil, errSecretBase64
	}
	return b, nil
}
