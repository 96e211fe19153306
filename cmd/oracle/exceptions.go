package main

import (
	_ "embed"
	"fmt"
	"regexp"
	"strings"
)

// exceptions.txt has one exception a line: a pattern for names of steps, a
// pattern for what differs ("status", "body" or "header NAME", blanks written
// as "_"), and the reason.
//
//go:embed exceptions.txt
var exceptionsText string

type exception struct {
	text        string
	steps, what *regexp.Regexp
	used        bool
}

func readExceptions() ([]*exception, error) {
	var list []*exception
	for line := range strings.Lines(exceptionsText) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		words := strings.SplitN(line, " ", 3)
		if len(words) != 3 {
			return nil, fmt.Errorf("exceptions.txt: %q has no reason", line)
		}
		steps, err := regexp.Compile("^(?:" + words[0] + ")$")
		if err != nil {
			return nil, err
		}
		what, err := regexp.Compile("^(?:" + strings.ReplaceAll(words[1], "_", " ") + ")$")
		if err != nil {
			return nil, err
		}
		list = append(list, &exception{text: line, steps: steps, what: what})
	}
	return list, nil
}

func (e *exception) covers(s step, what string) bool {
	return e.steps.MatchString(s.name) && e.what.MatchString(what)
}
