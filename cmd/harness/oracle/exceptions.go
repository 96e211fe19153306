// SPDX-License-Identifier: Apache-2.0

package main

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strings"
)

// exceptions.txt has an exception a line, of six columns between " | ":
//
//	steps | method | what | swift | needletail | reason
//
// Every column but the reason is a pattern. Each pattern has to match a whole text:
// the name of a step, the method, the difference ("status", "body" or "header NAME"),
// and the values of Swift and of needletail, masked. "none" stands for an empty text.
// In needletail's pattern, $1 stands for the text of the first group in Swift's.
//
//go:embed exceptions.txt
var exceptionsText string

// exceptions_cluster.txt has further exceptions, of the two proxies of a cluster.
//
//go:embed exceptions_cluster.txt
var clusterExceptionsText string

// exceptions_POLICY.txt has further exceptions of a cluster's default policy.
//
//go:embed exceptions_ec42.txt
var policyExceptions embed.FS

// clusterExceptions returns the exceptions of a cluster with a default policy.
func clusterExceptions(policy string) ([]*exception, error) {
	text, err := policyExceptions.ReadFile("exceptions_" + policy + ".txt")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	list, err := readExceptions(clusterExceptionsText + string(text))
	if err != nil {
		return nil, err
	}
	// A difference between needletail and a Swift on one disk may be none here.
	shared, err := readExceptions(exceptionsText)
	for _, e := range shared {
		e.optional = true
	}
	return append(list, shared...), err
}

const columns = 6

type exception struct {
	text string
	// The first four columns.
	steps, methods, what, swift *regexp.Regexp
	needletail                  string // a pattern after $1 is replaced
	used                        bool
	optional                    bool // may stay unused
}

func readExceptions(text string) ([]*exception, error) {
	var list []*exception
	for line := range strings.Lines(text) {
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

// whole compiles a pattern that matches a whole text of any number of lines.
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
