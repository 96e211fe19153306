// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/spf13/cobra/doc"
)

// TestManPages wants docs/man to have the pages that the commands' help gives. With
// -rewrite it writes the pages.
func TestManPages(t *testing.T) {
	made, kept := t.TempDir(), filepath.Join(repositoryRoot(t), "docs", "man")
	root := newRootCommand()
	root.DisableAutoGenTag = true
	date := time.Date(2026, time.December, 1, 0, 0, 0, 0, time.UTC) // else today's
	header := doc.GenManHeader{Section: "1", Date: &date, Source: "needletail", Manual: "needletail"}
	if err := doc.GenManTree(root, &header, made); err != nil {
		t.Fatal(err)
	}
	if *rewrite {
		if err := os.RemoveAll(kept); err != nil {
			t.Fatal(err)
		}
		if err := os.CopyFS(kept, os.DirFS(made)); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, got := readFolder(t, made), readFolder(t, kept)
	for name, text := range want {
		if got[name] != text {
			t.Errorf("docs/man/%s is stale; run: make man", name)
		}
	}
	for name := range got {
		if _, ok := want[name]; !ok {
			t.Errorf("docs/man/%s belongs to no command; run: make man", name)
		}
	}
	if len(want) < 20 {
		t.Errorf("only %d pages were made", len(want))
	}
}

// readFolder returns the files of a folder by their names.
func readFolder(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[e.Name()] = string(text)
	}
	return files
}
