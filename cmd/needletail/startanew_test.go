// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"needletail/auth/identity"
	"needletail/auth/token"
)

// openOnce opens a data folder as serve does, and closes it.
func openOnce(t *testing.T, data string) error {
	t.Helper()
	cfg := defaultSettings()
	cfg.Data, cfg.Identity.PasswordHashRounds = data, 4
	st, err := openStorage(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	return st.close()
}

// Identities or keys that are lost are refused, the error names the command that
// helps, and the command makes new ones and keeps what is there.
func TestStartAnew(t *testing.T) {
	for _, c := range []struct {
		lost, flag string
		want       error
		users      bool // they stay
	}{
		{"identity", "--new-identities", identity.ErrLost, false},
		{"identity/db", "--new-identities", identity.ErrLost, false},
		{"identity/fernet-keys", "--new-keys", token.ErrKeysLost, true},
		{"identity/credential-keys", "--new-keys", token.ErrKeysLost, true},
	} {
		data := filepath.Join(t.TempDir(), "data")
		if _, err := bootstrapRun(t, data, "--bootstrap-password", "first"); err != nil {
			t.Fatal(err)
		}
		if _, err := bootstrapRun(t, data, "--bootstrap-password", "first", "--bootstrap-username", "second"); err != nil {
			t.Fatal(err)
		}
		for _, dir := range []string{data + "/index", data + "/identity", data + "/identity/db"} {
			if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
				t.Errorf("%s: mode %v, %v", dir, info.Mode(), err)
			}
		}
		if err := os.RemoveAll(filepath.Join(data, c.lost)); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			err := openOnce(t, data)
			if !errors.Is(err, c.want) || !strings.Contains(advice(err), "bootstrap "+c.flag) || exitCode(err) != exitFailure {
				t.Errorf("%s: %v, %q, code %d", c.lost, err, advice(err), exitCode(err))
			}
		}
		if _, err := bootstrapRun(t, data, "--bootstrap-password", "third"); !errors.Is(err, c.want) {
			t.Errorf("%s: bootstrap without the flag: %v", c.lost, err)
		}
		if _, err := bootstrapRun(t, data, c.flag); !errors.Is(err, errUsage) {
			t.Errorf("%s: without a password: %v", c.lost, err)
		}
		out, err := bootstrapRun(t, data, c.flag, "--bootstrap-password", "third")
		if err != nil || c.lost != "identity" && !strings.Contains(out, ".old.0") && c.want == identity.ErrLost {
			t.Errorf("%s: %v, %s", c.lost, err, out)
		}
		if err := openOnce(t, data); err != nil {
			t.Errorf("%s: %v", c.lost, err)
		}
		openedIdentities(t, data, func(ids *identity.Service) {
			if _, err := logIn(ids, "admin", "third", "admin"); err != nil {
				t.Errorf("%s: %v", c.lost, err)
			}
			if _, err := logIn(ids, "second", "first", "admin"); (err == nil) != c.users {
				t.Errorf("%s: the other user: %v", c.lost, err)
			}
		})
	}
}
