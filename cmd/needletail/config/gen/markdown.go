// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"
)

const pageHead = `# Configuration

<!-- go generate ./cmd/needletail/config/... writes this page from the comments of the options. -->

` + "`needletail serve --config FILE`" + ` reads one TOML file. Every key is optional. An unknown key, a value that is out of range and an option that could have no effect stop the server before it starts, with the name of the key; the exit code is 2. The flags ` + "`--data`, `--listen`, `--public-url` and `--tempauth-user`" + ` go before the file.

[needletail.toml](needletail.toml) has all keys at their defaults, commented out.

A duration is text: ` + "`\"60s\"`, `\"5m\"`, `\"1h30m\"`" + `. Sizes are bytes unless the description names another unit.

` + "`SIGHUP`" + ` makes the server read the file again. The server takes the keys with "yes" in the column SIGHUP: a request sees either all old values or all new values. All other keys count from the next start on, and the log names those that were changed. Of a file with a mistake nothing is taken, and the log says why.

- With ` + "`[cluster]`" + `, ` + "`swift.conf`" + ` has the policies, ` + "`max_file_size`" + ` and ` + "`max_request_line`" + `, and is read at a start.
- A ` + "`[[policy]]`" + ` that is added or removed, and a change between TLS and plain HTTP, take a restart.
- The server builds the filters anew for a changed file. The counts of ` + "`[filter.ratelimit]`" + ` and the cached names of ` + "`[filter.cname_lookup]`" + ` begin anew.
`

// markdown returns the page docs/configuration.md.
func markdown(sections []section) string {
	var b strings.Builder
	b.WriteString(pageHead)
	for _, s := range sections {
		title := "The top of the file"
		if s.name != "" {
			title = "`" + header(s) + "`"
		}
		fmt.Fprintf(&b, "\n## %s\n\n%s\n", title, s.text)
		if len(s.keys) == 0 {
			continue
		}
		b.WriteString("\n| key | value | default | SIGHUP | meaning |\n|---|---|---|---|---|\n")
		for _, k := range s.keys {
			taken := "restart"
			if k.reloads {
				taken = "yes"
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", k.name, k.kind, code(k.def), taken, cell(k.text))
		}
	}
	return b.String()
}

// header returns a section's line in the file.
func header(s section) string {
	if s.list {
		return "[[" + s.name + "]]"
	}
	return "[" + s.name + "]"
}

// cell escapes the separator of cells.
func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }

// code returns text as code in a cell. Text with a backtick gets two backticks
// on each side.
func code(text string) string {
	fence := "`"
	if strings.Contains(text, fence) {
		fence = "``"
	}
	return fence + cell(text) + fence
}
