// SPDX-License-Identifier: Apache-2.0

package config

import (
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"needletail/objstore/encryption"
)

// writeRootSecret writes a file with a root secret: the repetition of fill.
func writeRootSecret(t *testing.T, fill string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "root-secret")
	text := base64.StdEncoding.EncodeToString([]byte(strings.Repeat(fill, encryption.SecretMinBytes)))
	if err := os.WriteFile(path, []byte(text+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestEncryptionConfig(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		c, err := Load(writeConfig(t, "[encryption]\n"+text))
		if err == nil {
			err = c.Validate()
		}
		if err == nil {
			_, err = c.Encryption.Keys()
		}
		if want == "" {
			if err != nil {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		if !errors.Is(err, ErrUsage) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want an error with %q", text, err, want)
		}
	}
	a, b := writeRootSecret(t, "a"), writeRootSecret(t, "b")
	short := filepath.Join(t.TempDir(), "short")
	if err := os.WriteFile(short, []byte("c2hvcnQ="), 0o600); err != nil {
		t.Fatal(err)
	}
	f("", "")
	f(fmt.Sprintf("root_secret_file = %q", a), "")
	f(fmt.Sprintf("root_secret_file = %q\nroot_secret_files = { 2027 = %q }\nactive_root_secret_id = \"2027\"", a, b), "")
	f(fmt.Sprintf("root_secret_files = { 2027 = %q }\ndisable_encryption = true", b), "")
	f(fmt.Sprintf("root_secret_files = { 2027 = %q }", b), "active_root_secret_id")
	f("active_root_secret_id = \"2027\"", "active_root_secret_id")
	f(fmt.Sprintf("root_secret_file = %q\nroot_secret_files = { \"\" = %q }", a, b), "root_secret_files")
	f(fmt.Sprintf("root_secret_file = %q", a+"-missing"), "no such file")
	f(fmt.Sprintf("root_secret_file = %q", short), "fewer than 32")
}
