// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// pronounsMax is how many pronoun-like words 100 words of comments may have. A
// comment names its subject instead: a stranger reads comments one at a time.
const pronounsMax = 4.0

// pronounLike are the counted words.
var pronounLike = map[string]bool{
	"one": true, "ones": true, "it": true, "its": true, "that": true, "those": true, "these": true,
	"what": true, "whose": true, "which": true, "none": true, "nobody": true, "whoever": true,
	"whatever": true, "who": true, "neither": true, "both": true, "other": true, "others": true,
	"such": true, "so": true,
}

var (
	commentBlock = regexp.MustCompile(`(?m)(?:^[ \t]*//.*\n)+`)
	commentWord  = regexp.MustCompile(`[A-Za-z']+`)
	clauseEnd    = regexp.MustCompile(`([.;:])\s+`)
	generated    = regexp.MustCompile(`(?m)^// Code generated .* DO NOT EDIT`)
)

// wordCount counts the words of comments.
type wordCount struct{ words, pronouns int }

// add counts the comments of a source file that have a line of their own.
// Clauses of fewer than three words are no sentences and do not count.
func (c *wordCount) add(source string) {
	for _, block := range commentBlock.FindAllString(source, -1) {
		var text []string
		for line := range strings.Lines(block) {
			text = append(text, strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(line), "//")))
		}
		joined := strings.Join(text, " ")
		if strings.Contains(strings.ToLower(joined), "license") {
			continue // the same line in every file
		}
		for _, clause := range clauses(joined) {
			words := commentWord.FindAllString(clause, -1)
			if len(words) < 3 {
				continue
			}
			c.words += len(words)
			for _, w := range words {
				if pronounLike[strings.ToLower(w)] {
					c.pronouns++
				}
			}
		}
	}
}

// clauses splits a text behind each full stop, semicolon and colon.
func clauses(text string) []string {
	return strings.Split(clauseEnd.ReplaceAllString(text, "$1\x00"), "\x00")
}

func (c wordCount) per100() float64 { return 100 * float64(c.pronouns) / float64(max(c.words, 1)) }

func TestCommentsNameTheirSubjects(t *testing.T) {
	var all wordCount
	packages := map[string]*wordCount{}
	root := repositoryRoot(t)
	for _, path := range goFiles(t) {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		source, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if generated.Match(source[:min(len(source), 2000)]) {
			continue
		}
		dir, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			t.Fatal(err)
		}
		if packages[dir] == nil {
			packages[dir] = new(wordCount)
		}
		packages[dir].add(string(source))
		all.add(string(source))
	}
	if all.words < 10_000 {
		t.Fatalf("only %d words of comments were found", all.words)
	}
	t.Logf("%.2f pronoun-like words in 100 of %d words of comments", all.per100(), all.words)
	if all.per100() <= pronounsMax {
		return
	}
	t.Errorf("more than %g; the packages with the most:", pronounsMax)
	names := make([]string, 0, len(packages))
	for name := range packages {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Compare(packages[b].pronouns, packages[a].pronouns) })
	for _, name := range names[:min(15, len(names))] {
		t.Errorf("%5.1f in 100 of %d words: %s", packages[name].per100(), packages[name].words, name)
	}
}

func TestCommentsAreCounted(t *testing.T) {
	var c wordCount
	c.add("package a\n\n// F is what it is; one of those.\n// See b: ok.\nfunc F() {} // not this one\n")
	if c.words != 8 || c.pronouns != 4 {
		t.Errorf("%+v", c)
	}
}
