// SPDX-License-Identifier: Apache-2.0

package main

import (
	_ "embed"
	"encoding/xml"
	"fmt"
	"slices"
	"sort"
	"strings"
)

// outcome is the end of a test. A test may have several outcomes: the body passes
// and the teardown fails. The largest outcome counts.
type outcome int

const (
	skipped outcome = iota
	passed
	failed
)

type result struct {
	outcome outcome
	reason  string // of a failure or a skip: its first line
}

// results maps the ID of a test, "test_account.TestAccount.test_POST", to the
// outcome in one or several runs.
type results map[string]result

// parseJUnit reads pytest's report in JUnit's XML.
func parseJUnit(text []byte) (results, error) {
	type note struct {
		Message string `xml:"message,attr"`
	}
	var report struct {
		Cases []struct {
			Class   string `xml:"classname,attr"`
			Name    string `xml:"name,attr"`
			Failure *note  `xml:"failure"`
			Error   *note  `xml:"error"`
			Skipped *note  `xml:"skipped"`
		} `xml:"testsuite>testcase"`
	}
	if err := xml.Unmarshal(text, &report); err != nil {
		return nil, fmt.Errorf("pytest's report: %w", err)
	}
	all := results{}
	for _, c := range report.Cases {
		id := strings.TrimPrefix(strings.TrimPrefix(c.Class+"."+c.Name, "."), "test.functional.")
		r := result{outcome: passed}
		for _, end := range []struct {
			note    *note
			outcome outcome
		}{{c.Skipped, skipped}, {c.Error, failed}, {c.Failure, failed}} {
			if end.note != nil {
				first, _, _ := strings.Cut(end.note.Message, "\n")
				r = result{end.outcome, first}
			}
		}
		all.add(id, r)
	}
	return all, nil
}

func (all results) add(id string, r result) {
	if old, ok := all[id]; !ok || r.outcome > old.outcome {
		all[id] = r
	}
}

func (all results) merge(more results) {
	for id, r := range more {
		all.add(id, r)
	}
}

// counts returns "N passed, N failed, N skipped".
func (all results) counts() string {
	var n [failed + 1]int
	for _, r := range all {
		n[r.outcome]++
	}
	return fmt.Sprintf("%d passed, %d failed, %d skipped", n[passed], n[failed], n[skipped])
}

// perFile returns the counts of each file, a line each.
func (all results) perFile(name string) []string {
	files := map[string]results{}
	for id, r := range all {
		file, _, _ := strings.Cut(id, ".")
		if files[file] == nil {
			files[file] = results{}
		}
		files[file][id] = r
	}
	var lines []string
	for file, of := range files {
		lines = append(lines, fmt.Sprintf("  %s %-24s %s", name, file, of.counts()))
	}
	sort.Strings(lines)
	return lines
}

// deviations maps the IDs of tests in known_deviations.txt to the reasons.
type deviations map[string]string

// complaints returns a line for each test that did not end as expected. With all,
// every run is over, and a test without a pass or a failure is a complaint too.
func (all results) complaints(known deviations, complete bool) []string {
	var lines []string
	for id, r := range all {
		switch _, listed := known[id]; {
		case r.outcome == failed && !listed:
			lines = append(lines, fmt.Sprintf("FAILED %s: %s", id, r.reason))
		case r.outcome == skipped && complete && !listed:
			lines = append(lines, fmt.Sprintf("RAN IN NO RUN %s: %s", id, r.reason))
		case r.outcome == passed && listed:
			lines = append(lines, fmt.Sprintf("PASSED %s: take it off known_deviations.txt", id))
		}
	}
	slices.Sort(lines)
	return lines
}

//go:embed known_deviations.txt
var knownDeviations string

// parseDeviations reads lines "ID reason". A line that begins with "#" is a comment.
func parseDeviations(text string) (deviations, error) {
	known := deviations{}
	for n, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		id, reason, _ := strings.Cut(line, " ")
		reason = strings.TrimSpace(reason)
		if _, twice := known[id]; twice || reason == "" {
			return known, fmt.Errorf("known_deviations.txt:%d: %s has no reason or is there twice", n+1, id)
		}
		known[id] = reason
	}
	return known, nil
}
