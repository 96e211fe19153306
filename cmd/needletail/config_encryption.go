package main

import (
	"errors"
	"fmt"
	"os"

	"needletail/objstore/encryption"
)

// EncryptionConfig turns encryption at rest on, with the names of Swift's
// keymaster for its keys. The secrets themselves stand in files of their own:
// base64 of at least 32 random bytes, as `openssl rand -base64 32` gives them.
type EncryptionConfig struct {
	// RootSecretFile has the only root secret, or the first one: its id is "".
	RootSecretFile string `toml:"root_secret_file"`
	// RootSecretFiles have more, by id.
	RootSecretFiles map[string]string `toml:"root_secret_files"`
	// ActiveRootSecretID is the id of the secret for new objects; the others
	// still read theirs.
	ActiveRootSecretID string `toml:"active_root_secret_id"`
	// DisableEncryption stores new objects in clear; encrypted ones are read.
	DisableEncryption bool `toml:"disable_encryption"`
}

var errSecretTwice = errors.New("encryption.root_secret_files has the id \"\", which is that of encryption.root_secret_file")

// files are the files of all secrets, by id.
func (c *EncryptionConfig) files() map[string]string {
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
func (c *EncryptionConfig) validate() error {
	if _, twice := c.RootSecretFiles[""]; twice && c.RootSecretFile != "" {
		return errSecretTwice
	}
	files := c.files()
	if _, ok := files[c.ActiveRootSecretID]; !ok && (len(files) > 0 && !c.DisableEncryption || c.ActiveRootSecretID != "") {
		return fmt.Errorf("encryption.active_root_secret_id %q is not the id of a root secret", c.ActiveRootSecretID)
	}
	return nil
}

// keys reads the secrets.
func (c *EncryptionConfig) keys() (encryption.Keys, error) {
	o := encryption.KeyOptions{
		Secrets: map[string][]byte{},
		Active:  c.ActiveRootSecretID,
		Disable: c.DisableEncryption,
	}
	for id, path := range c.files() {
		text, err := os.ReadFile(path)
		if err != nil {
			return encryption.Keys{}, fmt.Errorf("%w: encryption: %w", errUsage, err)
		}
		if o.Secrets[id], err = encryption.ParseSecret(text); err != nil {
			return encryption.Keys{}, fmt.Errorf("%w: encryption: %s: %w", errUsage, path, err)
		}
	}
	keys, err := encryption.NewKeys(o)
	if err != nil {
		return encryption.Keys{}, fmt.Errorf("%w: encryption: %w", errUsage, err)
	}
	return keys, nil
}
