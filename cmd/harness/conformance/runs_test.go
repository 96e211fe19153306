// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLinkForm(t *testing.T) {
	for text, want := range map[string]string{
		`'<a href="{0}">{1}</a>'.format(`:   "",
		`'<a href="./{0}">{1}</a>'.format(`: "dot_slash_links = true",
	} {
		dir := t.TempDir()
		if err := os.MkdirAll(filepath.Join(dir, "test", "functional"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "test", "functional", "test_staticweb.py"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := linkForm(dir); err != nil || !strings.Contains(got, want) || want == "" && got != "" {
			t.Errorf("%s: %q, %v", text, got, err)
		}
	}
	if _, err := linkForm(t.TempDir()); err == nil {
		t.Error("a folder without Swift's tests is taken")
	}
}
