// SPDX-License-Identifier: Apache-2.0

package config

import (
	"errors"
	"fmt"
	"os"

	"needletail/objstore/encryption"
)

// Encryption turns encryption at rest on, with the names of Swift's keymaster.
// Each root secret stands in a file of its own: base64 of at least 32 random
// bytes, the output of `openssl rand -base64 32`.
type Encryption struct {
	// RootSecretFile is the file of the root secret with the id "". Encryption is
	// on with a root secret.
	RootSecretFile string `toml:"root_secret_file"`
	// RootSecretFiles are the files of more root secrets by id, for example
	// { 2027 = "FILE" }.
	RootSecretFiles map[string]string `toml:"root_secret_files"`
	// ActiveRootSecretID is the id of the root secret for new objects. The other
	// secrets still decrypt their objects.
	ActiveRootSecretID string `toml:"active_root_secret_id"`
	// DisableEncryption stores new objects in clear. Encrypted objects stay
	// readable.
	DisableEncryption bool `toml:"disable_encryption"`
}

var errSecretTwice = errors.New("root_secret_files has the id \"\", which is that of encryption.root_secret_file")

// files returns the files of all secrets, by id.
func (c *Encryption) files() map[string]string {
	files := map[string]string{}
	for id, path := range c.RootSecretFiles {
		files[id] = path
	}
	if c.RootSecretFile != "" {
		files[""] = c.RootSecretFile
	}
	return files
}

// validate reads no file.
func (c *Encryption) validate() error {
	if _, twice := c.RootSecretFiles[""]; twice && c.RootSecretFile != "" {
		return errSecretTwice
	}
	files := c.files()
	if _, ok := files[c.ActiveRootSecretID]; !ok && (len(files) > 0 && !c.DisableEncryption || c.ActiveRootSecretID != "") {
		return fmt.Errorf("active_root_secret_id %q is not the id of a root secret", c.ActiveRootSecretID)
	}
	return nil
}

// Keys reads the files of the root secrets.
func (c *Encryption) Keys() (encryption.Keys, error) {
	o := encryption.KeyOptions{
		Secrets: map[string][]byte{},
		Active:  c.ActiveRootSecretID,
		Disable: c.DisableEncryption,
	}
	for id, path := range c.files() {
		text, err := os.ReadFile(path)
		if err != nil {
			return encryption.Keys{}, fmt.Errorf("%w: encryption: %w", ErrUsage, err)
		}
		if o.Secrets[id], err = encryption.ParseSecret(text); err != nil {
			return encryption.Keys{}, fmt.Errorf("%w: encryption: %s: %w", ErrUsage, path, err)
		}
	}
	keys, err := encryption.NewKeys(o)
	if err != nil {
		return encryption.Keys{}, fmt.Errorf("%w: encryption: %w", ErrUsage, err)
	}
	return keys, nil
}
