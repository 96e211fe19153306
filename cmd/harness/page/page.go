// SPDX-License-Identifier: Apache-2.0

// Package page reads the pages of the documentation: README.md, CONTRIBUTING.md,
// SECURITY.md and docs/*.md. A fenced block of a page has a kind:
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
package page

import (
	"fmt"
	"regexp"
	"strings"
)

// Block is a fenced block, or the comment that ends the server.
type Block struct {
	Line int    // of the page
	Kind string // the fence's info string; Stop for the comment
	Text string
}

// Kinds of blocks.
const (
	Console = "console"
	E2E     = "console e2e"
	Syntax  = "console syntax"
	TOML    = "toml"
	Text    = "text"
	Stop    = "stop"

	StopComment = "<!-- stop the server -->"
)

// Blocks returns the blocks of a page in their order.
func Blocks(page string) ([]Block, error) {
	var blocks []Block
	var open *Block
	for i, line := range strings.Split(page, "\n") {
		info, fence := strings.CutPrefix(strings.TrimSpace(line), "```")
		switch {
		case fence && open == nil:
			open = &Block{Line: i + 1, Kind: strings.TrimSpace(info)}
		case fence:
			blocks, open = append(blocks, *open), nil
		case open != nil:
			open.Text += line + "\n"
		case strings.TrimSpace(line) == StopComment:
			blocks = append(blocks, Block{Line: i + 1, Kind: Stop})
		}
	}
	if open != nil {
		return nil, fmt.Errorf("the block of line %d has no end", open.Line)
	}
	return blocks, nil
}

// Command is a command behind "$ ", with the output below.
type Command struct {
	Text   string
	Output []string
}

// hereDocument finds the word that ends a here-document.
var hereDocument = regexp.MustCompile(`<<'?([A-Z]+)'?`)

// Commands returns the commands of a console block. A command goes on in the
// next line after a backslash, inside a here-document, and inside for … done.
func Commands(text string) ([]Command, error) {
	var commands []Command
	end := "" // the line that ends the command; "" if no line has to come
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		start, isStart := strings.CutPrefix(line, "$ ")
		switch {
		case end != "":
			c := &commands[len(commands)-1]
			c.Text += "\n" + line
			if end == "\\" && !strings.HasSuffix(line, "\\") || strings.HasPrefix(line, end) {
				end = ""
			}
		case isStart:
			commands = append(commands, Command{Text: start})
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
			c.Output = append(c.Output, line)
		}
	}
	if end != "" {
		return nil, fmt.Errorf("the last command has no end %q", end)
	}
	return commands, nil
}
