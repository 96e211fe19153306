// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestCredentialsSurviveTheShell(t *testing.T) {
	dir := t.TempDir()
	const password = `it's "$HOME" \ and more`
	if err := (credentials{AuthURL: "http://h/identity", Password: password, Region: "R"}).write(dir); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("sh", "-c", `. "$1" && printf %s "$OS_PASSWORD"`, "sh", filepath.Join(dir, openrcName)).Output()
	if err != nil || string(out) != password {
		t.Errorf("the shell read %q, %v; want %q", out, err, password)
	}
	for _, name := range []string{openrcName, cloudsYAMLName} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %o, want 600", name, info.Mode().Perm())
		}
	}
	yaml, _ := os.ReadFile(filepath.Join(dir, cloudsYAMLName))
	if !strings.Contains(string(yaml), `password: 'it''s "$HOME" \ and more'`) {
		t.Errorf("clouds.yaml does not quote the password: %s", yaml)
	}
}

func TestRandomPassword(t *testing.T) {
	a, b := randomPassword(), randomPassword()
	if a == b || len(a) < 24 {
		t.Errorf("generated %q and %q: too short or equal", a, b)
	}
}
