package main

import (
	_ "embed"
	"fmt"
	"regexp"
	"strings"
)

// exceptions.txt has one exception a line, of six columns that " | " separates:
//
//	steps | method | what | swift | needletail | reason
//
// All but the reason are patterns for the whole of: a step's name, its method,
// what differs ("status", "body" or "header NAME"), and the two values, masked.
// "none" is an empty one; $1 in needletail's is what the first group of swift's matched.
//
//go:embed exceptions.txt
var exceptionsText string

const columns = 6

type exception struct {
	text string
	// steps, methods, what and swift have one pattern each.
	steps, methods, what, swift *regexp.Regexp
	needletail                  string // a pattern, once $1 is replaced
	used                        bool
}

func readExceptions() ([]*exception, error) {
	var list []*exception
	for line := range strings.Lines(exceptionsText) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		e, err := parseException(line)
		if err != nil {
			return nil, fmt.Errorf("exceptions.txt: %q: %w", line, err)
		}
		list = append(list, e)
	}
	return list, nil
}

func parseException(line string) (*exception, error) {
	column := strings.SplitN(line, " | ", columns)
	if len(column) != columns {
		return nil, fmt.Errorf("%d columns, want %d", len(column), columns)
	}
	for i := range column {
		if column[i] = strings.TrimSpace(column[i]); column[i] == "none" {
			column[i] = ""
		}
	}
	e := &exception{text: line, needletail: column[4]}
	for i, to := range []**regexp.Regexp{&e.steps, &e.methods, &e.what, &e.swift} {
		var err error
		if *to, err = whole(column[i]); err != nil {
			return nil, err
		}
	}
	_, err := whole(e.needletail)
	return e, err
}

// whole compiles a pattern for all of a text, of any number of lines.
func whole(pattern string) (*regexp.Regexp, error) {
	return regexp.Compile(`(?s)^(?:` + pattern + `)$`)
}

func (e *exception) covers(s step, what, want, got string) bool {
	if !e.steps.MatchString(s.name) || !e.methods.MatchString(s.method) || !e.what.MatchString(what) {
		return false
	}
	groups := e.swift.FindStringSubmatch(want)
	if groups == nil {
		return false
	}
	pattern := e.needletail
	if len(groups) > 1 {
		pattern = strings.ReplaceAll(pattern, "$1", regexp.QuoteMeta(groups[1]))
	}
	ours, err := whole(pattern)
	return err == nil && ours.MatchString(got)
}
