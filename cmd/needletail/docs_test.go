// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"needletail/cmd/harness/page"
)

// missingLine returns the first line of want that does not come in got after the
// lines before it, and "" if all come.
func missingLine(got string, want []string) string {
	lines := strings.Split(got, "\n")
	for _, w := range want {
		form := regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(strings.TrimSpace(w)), "…", ".*") + "$")
		i := slices.IndexFunc(lines, func(l string) bool { return form.MatchString(strings.TrimSpace(l)) })
		if i < 0 {
			return w
		}
		lines = lines[i+1:]
	}
	return ""
}

// pages returns the paths of all pages.
func pages(t *testing.T) []string {
	t.Helper()
	root := repositoryRoot(t)
	list, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil || len(list) < 5 {
		t.Fatalf("docs has %d pages, %v", len(list), err)
	}
	for _, name := range []string{"README.md", "CONTRIBUTING.md", "SECURITY.md"} {
		list = append(list, filepath.Join(root, name))
	}
	return list
}

// forEachPage runs a test on the blocks and the text of each page.
func forEachPage(t *testing.T, run func(t *testing.T, page string, blocks []page.Block)) {
	for _, path := range pages(t) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			blocks, err := page.Blocks(string(text))
			if err != nil {
				t.Fatal(err)
			}
			run(t, string(text), blocks)
		})
	}
}

// TestDocs runs the blocks of all pages.
func TestDocs(t *testing.T) {
	forEachPage(t, func(t *testing.T, _ string, blocks []page.Block) { runPage(t, blocks, false) })
}

// codeSpan finds code inside a line of text.
var codeSpan = regexp.MustCompile("`([^`\n]+)`")

// TestDocsNameCommands wants every `needletail …` in the text of a page to be a
// command, and its flags to be flags of the command.
func TestDocsNameCommands(t *testing.T) {
	forEachPage(t, func(t *testing.T, page string, _ []page.Block) {
		for _, span := range codeSpan.FindAllStringSubmatch(page, -1) {
			if words := strings.Fields(span[1]); words[0] == "needletail" && len(words) > 1 {
				if err := checkCommandLine(words[1:]); err != nil {
					t.Errorf("`%s`: %v", span[1], err)
				}
			}
		}
	})
}

// checkCommandLine says which word is no command, or no flag of the command.
func checkCommandLine(words []string) error {
	cmd, rest, err := newRootCommand().Find(words)
	if err != nil {
		return err
	}
	if cmd.HasSubCommands() && len(rest) > 0 && !strings.HasPrefix(rest[0], "-") {
		return fmt.Errorf("%s has no command %s", cmd.CommandPath(), rest[0])
	}
	cmd.InitDefaultHelpFlag()
	for _, w := range rest {
		name, isFlag := strings.CutPrefix(w, "--")
		name, _, _ = strings.Cut(name, "=")
		if isFlag && cmd.Flags().Lookup(name) == nil {
			return fmt.Errorf("%s has no flag --%s", cmd.CommandPath(), name)
		}
	}
	return nil
}

func TestReadmeIsShort(t *testing.T) {
	const maxBytes = 6 << 10
	info, err := os.Stat(filepath.Join(repositoryRoot(t), "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() > maxBytes {
		t.Errorf("README.md has %d bytes, over %d: details belong in docs/", info.Size(), maxBytes)
	}
}

// TestDocsCanFail wants the tests of the pages to find faults.
func TestDocsCanFail(t *testing.T) {
	if _, err := page.Blocks("```console\n$ true\n"); err == nil {
		t.Error("a block without an end is taken")
	}
	blocks, err := page.Blocks("a\n```console e2e\n$ true\n```\n" + page.StopComment + "\n```toml\na = 1\n```\n")
	if err != nil || len(blocks) != 3 || blocks[0] != (page.Block{Line: 2, Kind: page.E2E, Text: "$ true\n"}) || blocks[1].Kind != page.Stop || blocks[2].Text != "a = 1\n" {
		t.Errorf("blocks are %+v, %v", blocks, err)
	}
	commands, err := page.Commands("$ a \\\n  b\nout\n\n$ cat <<X\nin\nX\n$ for i in 1; do\n  x\ndone\nlast …\n")
	if err != nil || len(commands) != 3 || commands[0].Text != "a \\\n  b" || commands[0].Output[0] != "out" || commands[1].Text != "cat <<X\nin\nX" || commands[2].Output[0] != "last …" {
		t.Errorf("commands are %q, %v", commands, err)
	}
	for _, bad := range []string{"out\n$ a\n", "$ cat <<X\nno end\n", "$ a \\\n"} {
		if _, err := page.Commands(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
	if got := missingLine("b 12 c\na\n", []string{"b … c", "b … c"}); got != "b … c" {
		t.Errorf("missing is %q", got)
	}
	if got := missingLine("x\n b 12 c\na\n", []string{"b … c", "a"}); got != "" {
		t.Errorf("missing is %q", got)
	}
	for line, ok := range map[string]bool{
		"serve --data DIR": true, "check --read-data --subset=1/2": true, "ring show FILE": true,
		"serve --date DIR": false, "cheque": false, "ring shew": false,
	} {
		if err := checkCommandLine(strings.Fields(line)); (err == nil) != ok {
			t.Errorf("%s: %v", line, err)
		}
	}
}
