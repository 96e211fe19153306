// SPDX-License-Identifier: Apache-2.0

package config

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"needletail/objstore/cluster/swiftconf"
	"needletail/objstore/cluster/swiftcrypto"
)

// ClusterKeymaster has the root secrets of Swift's filters keymaster and
// encryption, with the names of Swift's options. With a root secret, objects are
// read and written in Swift's form. All proxies of a cluster need the same root
// secrets.
type ClusterKeymaster struct {
	// EncryptionRootSecret is the root secret without an id: base64 of at least 32
	// bytes.
	EncryptionRootSecret string `toml:"encryption_root_secret" secret:"yes"`
	// EncryptionRootSecrets are the root secrets by id, Swift's
	// encryption_root_secret_ID: { 2027 = "BASE64" }.
	EncryptionRootSecrets map[string]string `toml:"encryption_root_secrets" secret:"yes"`
	// ActiveRootSecretID is the id of the root secret for what is written. "": that
	// of encryption_root_secret. The other secrets still decrypt their objects.
	ActiveRootSecretID string `toml:"active_root_secret_id"`
	// MetaVersionToWrite is the version of what names a key beside the encrypted
	// data: "1", "2" or "3". Proxies before Swift 2.26 do not know "3". "": Swift's
	// default, "2".
	MetaVersionToWrite string `toml:"meta_version_to_write"`
	// KeymasterConfigPath is a file with the options above in a section
	// [keymaster], which Swift's proxies may use too. The options above are left
	// away then.
	KeymasterConfigPath string `toml:"keymaster_config_path"`
	// DisableEncryption stores new objects and metadata in clear. Encrypted objects
	// stay readable.
	DisableEncryption bool `toml:"disable_encryption"`
}

// rootSecret begins the names of Swift's options for root secrets.
const rootSecret = "encryption_root_secret"

var (
	errKeymasterTwice = errors.New("keymaster_config_path and further options of [cluster.keymaster] contradict one another")
	errSecretNoID     = errors.New("encryption_root_secrets has an empty id: that is encryption_root_secret")
	errSecretName     = errors.New("an option for a root secret has a malformed name")
	errNoSecrets      = errors.New("there is no encryption_root_secret")
)

// validate reads no file.
func (c *ClusterKeymaster) validate() error {
	if c.KeymasterConfigPath == "" {
		_, err := c.keys()
		return err
	}
	if c.EncryptionRootSecret != "" || len(c.EncryptionRootSecrets) > 0 || c.ActiveRootSecretID != "" || c.MetaVersionToWrite != "" {
		return errKeymasterTwice
	}
	return nil
}

// Keys returns the root secrets, or nil without any.
func (c *ClusterKeymaster) Keys() (*swiftcrypto.Keys, error) {
	if c.KeymasterConfigPath == "" {
		keys, err := c.keys()
		if err != nil {
			return nil, fmt.Errorf("%w: cluster.keymaster: %w", ErrUsage, err)
		}
		return keys, nil
	}
	keys, err := c.keysOfFile()
	if err != nil {
		return nil, fmt.Errorf("%w: cluster.keymaster.keymaster_config_path: %w", ErrUsage, err)
	}
	return keys, nil
}

// keysOfFile reads keymaster_config_path
// (swift/common/middleware/crypto/keymaster.py: _load_keymaster_config_file).
func (c *ClusterKeymaster) keysOfFile() (*swiftcrypto.Keys, error) {
	file, err := swiftconf.ReadFile(c.KeymasterConfigPath, false)
	if err != nil {
		return nil, err
	}
	options, err := file.Options("keymaster")
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.KeymasterConfigPath, err)
	}
	own := ClusterKeymaster{DisableEncryption: c.DisableEncryption}
	if err = own.take(options); err == nil && own.EncryptionRootSecret == "" && len(own.EncryptionRootSecrets) == 0 {
		err = errNoSecrets
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.KeymasterConfigPath, err)
	}
	keys, err := own.keys()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.KeymasterConfigPath, err)
	}
	return keys, nil
}

// take takes the options of Swift's filter, and removes them from options.
func (c *ClusterKeymaster) take(options map[string]string) error {
	for name, value := range options {
		id, ok := strings.CutPrefix(name, rootSecret)
		if !ok {
			continue
		}
		delete(options, name)
		if id == "" {
			c.EncryptionRootSecret = value
			continue
		}
		if len(id) < 2 || id[0] != '_' {
			return fmt.Errorf("%w: %s", errSecretName, name)
		}
		if c.EncryptionRootSecrets == nil {
			c.EncryptionRootSecrets = map[string]string{}
		}
		c.EncryptionRootSecrets[id[1:]] = value
	}
	for name, to := range map[string]*string{"active_root_secret_id": &c.ActiveRootSecretID,
		"meta_version_to_write": &c.MetaVersionToWrite, "keymaster_config_path": &c.KeymasterConfigPath} {
		*to = cmp.Or(options[name], *to)
		delete(options, name)
	}
	return nil
}

// keys decodes the secrets. No error shows a secret.
func (c *ClusterKeymaster) keys() (*swiftcrypto.Keys, error) {
	o := swiftcrypto.KeyOptions{Secrets: map[string][]byte{}, Active: c.ActiveRootSecretID,
		Version: c.MetaVersionToWrite, Disable: c.DisableEncryption}
	if _, ok := c.EncryptionRootSecrets[""]; ok {
		return nil, errSecretNoID
	}
	texts := map[string]string{}
	for id, text := range c.EncryptionRootSecrets {
		texts[id] = text
	}
	if c.EncryptionRootSecret != "" {
		texts[""] = c.EncryptionRootSecret
	}
	for id, text := range texts {
		var err error
		if o.Secrets[id], err = swiftcrypto.ParseSecret(text); err != nil {
			return nil, fmt.Errorf("%w: id %q", err, id)
		}
	}
	return swiftcrypto.NewKeys(o)
}
