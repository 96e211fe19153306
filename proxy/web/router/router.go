// SPDX-License-Identifier: Apache-2.0

// Package router finds the row of a table that answers a request, by method and
// path. Beside the method and the pattern a service's row has whatever the
// service needs (a rule, a handler). The service renders refusals in the
// service's own form. The package knows nothing of requests or responses.
//
// # Patterns
//
// A pattern is a path whose segments are texts or names in braces:
// "/v3/users/{user}". A text matches the same bytes, a name matches one segment
// of at least one byte. Patterns and paths split at every "/", so an empty
// segment and a slash at the end count. Where several rows match, the first row
// of the table wins.
package router

import (
	"fmt"
	"slices"
	"strings"
)

// Table is a table of rows, ready for look-ups. A Table is safe for concurrent
// use.
type Table[R any] struct {
	lines []line[R]
	// headIsGet lets a row of GET answer HEAD, where HEAD has no row.
	headIsGet bool
}

// line is a row, prepared for comparing.
type line[R any] struct {
	row      *R
	method   string
	segments []segment
	names    []string
}

// segment is a part of a pattern between slashes.
type segment struct {
	text string
	any  bool // a name in braces
}

// Params are the values of a pattern's names in one path.
type Params struct {
	names, values []string
}

// Get returns the value of name, or "" for a pattern without the name.
func (p Params) Get(name string) string {
	value, _ := p.Lookup(name)
	return value
}

// Lookup returns the value of name, and whether the pattern has the name.
func (p Params) Lookup(name string) (string, bool) {
	i := slices.Index(p.names, name)
	if i < 0 {
		return "", false
	}
	return p.values[i], true
}

// Values returns the values in the order of the pattern. The slice is for
// reading.
func (p Params) Values() []string { return p.values }

// New makes a table of rows; of returns the method and the pattern of a row. The
// table keeps pointers into rows. New panics if two rows have the same method and
// pattern: the second row would never answer.
func New[R any](rows []R, of func(*R) (method, pattern string)) *Table[R] {
	t := &Table[R]{lines: make([]line[R], len(rows))}
	seen := make(map[[2]string]bool, len(rows))
	for i := range rows {
		method, pattern := of(&rows[i])
		if key := [2]string{method, pattern}; seen[key] {
			panic(fmt.Sprintf("router: %s %s has two rows", method, pattern))
		} else {
			seen[key] = true
		}
		l := line[R]{row: &rows[i], method: method}
		for _, text := range strings.Split(pattern, "/") {
			s := segment{text: text}
			if name, ok := strings.CutPrefix(text, "{"); ok {
				s = segment{any: true}
				l.names = append(l.names, strings.TrimSuffix(name, "}"))
			}
			l.segments = append(l.segments, s)
		}
		t.lines[i] = l
	}
	return t
}

// HeadIsGet makes rows of GET answer HEAD where HEAD has no row, and returns t.
func (t *Table[R]) HeadIsGet() *Table[R] {
	t.headIsGet = true
	return t
}

// Find returns the row that answers method on path, with the values of the
// pattern's names. row is nil if no row answers. allow then lists the methods
// of the path, in the order of the table: the answer is 405, with the list in
// Allow. If no pattern matches the path, allow is nil too: the answer is 404.
func (t *Table[R]) Find(method, path string) (row *R, params Params, allow []string) {
	var get *line[R]
	segments := strings.Count(path, "/") + 1
	for i := range t.lines {
		l := &t.lines[i]
		switch {
		case len(l.segments) != segments || !l.matches(path):
		case l.method == method:
			return l.row, l.params(path), nil
		default:
			if get == nil && t.headIsGet && l.method == "GET" && method == "HEAD" {
				get = l
			}
			allow = t.add(allow, l.method)
		}
	}
	if get != nil {
		return get.row, get.params(path), nil
	}
	return nil, Params{}, allow
}

// add appends a method to the list of allowed methods, once.
func (t *Table[R]) add(allow []string, method string) []string {
	if slices.Contains(allow, method) {
		return allow
	}
	allow = append(allow, method)
	if t.headIsGet && method == "GET" {
		return t.add(allow, "HEAD")
	}
	return allow
}

// matches compares a path with the pattern, segment by segment. Both have the same
// number of segments.
func (l *line[R]) matches(path string) bool {
	for _, s := range l.segments {
		text, rest, _ := strings.Cut(path, "/")
		if s.any && text == "" || !s.any && text != s.text {
			return false
		}
		path = rest
	}
	return true
}

// params returns the values of the names in a path that matches.
func (l *line[R]) params(path string) Params {
	if l.names == nil {
		return Params{}
	}
	values := make([]string, 0, len(l.names))
	for _, s := range l.segments {
		text, rest, _ := strings.Cut(path, "/")
		if s.any {
			values = append(values, text)
		}
		path = rest
	}
	return Params{l.names, values}
}
