// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"
)

const sampleHead = `# The configuration of needletail: every key at its default. Remove the "#" in
# front of a key to change the key. "needletail serve --config FILE" reads the
# file. The same texts are in configuration.md. go generate
# ./cmd/needletail/config/... writes this file from the comments of the options.
`

// sampleWidth is the length of the longest line of text.
const sampleWidth = 80

// sample returns the file docs/needletail.toml. A line with a key begins with
// "#" and no space. Without these "#" the file has every key at the default. A
// [[section]] is an example in a comment.
func sample(sections []section) string {
	var b strings.Builder
	b.WriteString(sampleHead)
	for _, s := range sections {
		b.WriteString("\n")
		wrap(&b, "# ", s.text)
		switch {
		case s.list:
			example(&b, s)
			continue
		case s.name != "":
			b.WriteString(header(s) + "\n")
		}
		for _, k := range s.keys {
			b.WriteString("\n")
			wrap(&b, "# ", k.text)
			fmt.Fprintf(&b, "#%s = %s\n", k.name, k.def)
		}
	}
	return b.String()
}

// example writes a [[section]].
func example(b *strings.Builder, s section) {
	fmt.Fprintf(b, "#\n#   %s\n", header(s))
	for _, k := range s.keys {
		wrap(b, "#   # ", k.text)
		fmt.Fprintf(b, "#   %s = %s\n", k.name, k.def)
	}
}

// wrap writes text in lines that begin with prefix.
func wrap(b *strings.Builder, prefix, text string) {
	line := prefix
	for _, word := range strings.Fields(text) {
		if len(line)+len(word) > sampleWidth && line != prefix {
			b.WriteString(strings.TrimRight(line, " ") + "\n")
			line = prefix
		}
		line += word + " "
	}
	b.WriteString(strings.TrimRight(line, " ") + "\n")
}
