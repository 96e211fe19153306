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
)

// The pages are README.md, CONTRIBUTING.md, SECURITY.md and docs/*.md. A fenced
// block of a page is one of these:
//
//	console         commands behind "$ ", which are run, and what they print
//	console e2e     the same with programs of Debian's packages: run with the tag
//	                e2e, and else checked by bash -n
//	console syntax  commands that want root or another machine: checked by bash -n
//	toml            a configuration, which the server's loader has to take
//	text            no command
//
// Lines of output have to come in their order. An "…" in them stands for anything.
// A TOML block whose first line is a comment with an absolute path is written
// there. `make TARGET` is asked of make without running the target. The comment
// "<!-- stop the server -->" between two blocks ends the server of the page.

// block is a fenced block, or the comment that ends the server.
type block struct {
	line int    // of the page
	kind string // the fence's info string; blockStop for the comment
	text string
}

const (
	blockConsole = "console"
	blockE2E     = "console e2e"
	blockSyntax  = "console syntax"
	blockTOML    = "toml"
	blockText    = "text"
	blockStop    = "stop"

	stopComment = "<!-- stop the server -->"
)

// blocksOf returns the blocks of a page in their order.
func blocksOf(page string) ([]block, error) {
	var blocks []block
	var open *block
	for i, line := range strings.Split(page, "\n") {
		info, fence := strings.CutPrefix(strings.TrimSpace(line), "```")
		switch {
		case fence && open == nil:
			open = &block{line: i + 1, kind: strings.TrimSpace(info)}
		case fence:
			blocks, open = append(blocks, *open), nil
		case open != nil:
			open.text += line + "\n"
		case strings.TrimSpace(line) == stopComment:
			blocks = append(blocks, block{line: i + 1, kind: blockStop})
		}
	}
	if open != nil {
		return nil, fmt.Errorf("the block of line %d has no end", open.line)
	}
	return blocks, nil
}

// command is what stands behind one "$ ", with the output below.
type command struct {
	text   string
	output []string
}

// hereDocument finds the word that ends a here-document.
var hereDocument = regexp.MustCompile(`<<'?([A-Z]+)'?`)

// commandsOf returns the commands of a console block. A command goes on in the
// next line after a backslash, inside a here-document, and inside for … done.
func commandsOf(text string) ([]command, error) {
	var commands []command
	end := "" // the line that ends the command; "" if no line has to come
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		start, isStart := strings.CutPrefix(line, "$ ")
		switch {
		case end != "":
			c := &commands[len(commands)-1]
			c.text += "\n" + line
			if end == "\\" && !strings.HasSuffix(line, "\\") || strings.HasPrefix(line, end) {
				end = ""
			}
		case isStart:
			commands = append(commands, command{text: start})
			if m := hereDocument.FindStringSubmatch(start); m != nil {
				end = m[1]
			} else if strings.HasPrefix(start, "for ") && !strings.HasSuffix(start, "done") {
				end = "done"
			} else if strings.HasSuffix(start, "\\") {
				end = "\\"
			}
		case len(commands) == 0:
			return nil, fmt.Errorf("%q stands before the first command", line)
		case line != "":
			c := &commands[len(commands)-1]
			c.output = append(c.output, line)
		}
	}
	if end != "" {
		return nil, fmt.Errorf("the last command has no end %q", end)
	}
	return commands, nil
}

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
func forEachPage(t *testing.T, run func(t *testing.T, page string, blocks []block)) {
	for _, path := range pages(t) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			blocks, err := blocksOf(string(text))
			if err != nil {
				t.Fatal(err)
			}
			run(t, string(text), blocks)
		})
	}
}

// TestDocs runs the blocks of all pages.
func TestDocs(t *testing.T) {
	forEachPage(t, func(t *testing.T, _ string, blocks []block) { runPage(t, blocks, false) })
}

// codeSpan finds code inside a line of text.
var codeSpan = regexp.MustCompile("`([^`\n]+)`")

// TestDocsNameCommands wants every `needletail …` in the text of a page to be a
// command, and its flags to be flags of the command.
func TestDocsNameCommands(t *testing.T) {
	forEachPage(t, func(t *testing.T, page string, _ []block) {
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
	if _, err := blocksOf("```console\n$ true\n"); err == nil {
		t.Error("a block without an end is taken")
	}
	blocks, err := blocksOf("a\n```console e2e\n$ true\n```\n" + stopComment + "\n```toml\na = 1\n```\n")
	if err != nil || len(blocks) != 3 || blocks[0] != (block{2, blockE2E, "$ true\n"}) || blocks[1].kind != blockStop || blocks[2].text != "a = 1\n" {
		t.Errorf("blocks are %+v, %v", blocks, err)
	}
	commands, err := commandsOf("$ a \\\n  b\nout\n\n$ cat <<X\nin\nX\n$ for i in 1; do\n  x\ndone\nlast …\n")
	if err != nil || len(commands) != 3 || commands[0].text != "a \\\n  b" || commands[0].output[0] != "out" || commands[1].text != "cat <<X\nin\nX" || commands[2].output[0] != "last …" {
		t.Errorf("commands are %q, %v", commands, err)
	}
	for _, bad := range []string{"out\n$ a\n", "$ cat <<X\nno end\n", "$ a \\\n"} {
		if _, err := commandsOf(bad); err == nil {
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
