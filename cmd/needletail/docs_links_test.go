// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	pageLink    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	pageHeading = regexp.MustCompile(`(?m)^#+ (.+)$`)
	notInAnchor = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// anchors returns the names by which links reach the headings of a page.
func anchors(page string) map[string]bool {
	names := map[string]bool{}
	for _, m := range pageHeading.FindAllStringSubmatch(page, -1) {
		name := notInAnchor.ReplaceAllString(strings.ToLower(m[1]), "")
		names[strings.ReplaceAll(name, " ", "-")] = true
	}
	return names
}

// TestDocsLinks wants every link of a page to reach a file, and a heading in the
// file.
func TestDocsLinks(t *testing.T) {
	architecture := filepath.Join(repositoryRoot(t), "ARCHITECTURE.md")
	for _, path := range append(pages(t), architecture) {
		page, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range pageLink.FindAllStringSubmatch(string(page), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			file, anchor, _ := strings.Cut(m[1], "#")
			target := path
			if file != "" {
				target = filepath.Join(filepath.Dir(path), file)
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s links to %s: %v", filepath.Base(path), m[1], err)
				continue
			}
			if anchor == "" {
				continue
			}
			text, err := os.ReadFile(target)
			if err != nil {
				t.Fatal(err)
			}
			if !anchors(string(text))[anchor] {
				t.Errorf("%s links to %s, a heading that is not there", filepath.Base(path), m[1])
			}
		}
	}
}

func TestAnchors(t *testing.T) {
	got := anchors("# A title\n## `needletail.json` or device_json, is lost\ntext\n")
	if len(got) != 2 || !got["a-title"] || !got["needletailjson-or-device_json-is-lost"] {
		t.Errorf("anchors are %v", got)
	}
}

// sourceFile is a Go file as ARCHITECTURE.md names files: by a path, or by the end
// of a path.
var sourceFile = regexp.MustCompile("`([a-z_0-9/]+\\.go)`")

// TestArchitectureNamesFiles wants every Go file that ARCHITECTURE.md names to be
// there.
func TestArchitectureNamesFiles(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(repositoryRoot(t), "ARCHITECTURE.md"))
	if err != nil {
		t.Fatal(err)
	}
	files, names := goFiles(t), sourceFile.FindAllStringSubmatch(string(page), -1)
	if len(names) < 10 {
		t.Fatalf("the page names %d files only", len(names))
	}
	for _, m := range names {
		if !slices.ContainsFunc(files, func(path string) bool { return strings.HasSuffix(path, "/"+m[1]) }) {
			t.Errorf("ARCHITECTURE.md names %s, which is not there", m[1])
		}
	}
}
