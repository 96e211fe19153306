// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// comparison collects the differences between two servers.
type comparison struct {
	exceptions []*exception
	verbose    bool
	exact      bool // times are compared too
	compared   int
	excused    int
	lines      []string
}

// neverEqual lists headers that are not compared: headers of the connection, names
// of the request, and the MD5 of a manifest, which holds the times of the segments.
var neverEqual = map[string]bool{
	"X-Manifest-Etag": true,
	"Date":            true, "X-Trans-Id": true, "X-Openstack-Request-Id": true, "Connection": true, "Keep-Alive": true,
}

// mask replaces a kind of value.
type mask struct {
	form *regexp.Regexp
	with string
}

// timeMasks replace times, which differ between two servers, and alwaysMasks
// transaction IDs, tokens and boundaries, which differ in every answer.
var timeMasks = []mask{
	{regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?`), "<ISO time>"},
	{regexp.MustCompile(`\b\d{10}\.\d{5}\b`), "<timestamp>"},
	{regexp.MustCompile(`(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} 20[2-9]\d \d\d:\d\d:\d\d GMT`), "<date>"},
}

var alwaysMasks = []mask{
	{regexp.MustCompile(`tx[0-9a-f]{21}-[0-9a-f]{10}`), "<transaction>"},
	{regexp.MustCompile(`AUTH_tk[0-9a-f]{32}`), "<token>"},
	{regexp.MustCompile(`--[0-9a-f]{32}(--$|\r\n)`), "--<boundary>$1"},
	{regexp.MustCompile(`boundary=[0-9a-f]{32}`), "boundary=<boundary>"},
}

func masked(s string) string { return maskedBy(alwaysMasks, maskedBy(timeMasks, s)) }

func maskedBy(masks []mask, s string) string {
	for _, m := range masks {
		s = m.form.ReplaceAllString(s, m.with)
	}
	return s
}

func (c *comparison) masked(s string) string {
	if c.exact {
		return maskedBy(alwaysMasks, s)
	}
	return masked(s)
}

func (c *comparison) run(steps []step, swift, ours *target) error {
	for _, s := range steps {
		want, err := swift.send(s)
		if err != nil {
			return fmt.Errorf("%s: swift: %w", s.name, err)
		}
		got, err := ours.send(s)
		if err != nil {
			return fmt.Errorf("%s: needletail: %w", s.name, err)
		}
		c.compared++
		c.step(s, want, got)
	}
	return nil
}

func (c *comparison) step(s step, want, got *answer) {
	if c.verbose {
		fmt.Printf("%-24s %s %s: %d %d\n", s.name, s.method, s.path, want.status, got.status)
	}
	if want.status != got.status {
		c.differs(s, "status", fmt.Sprint(want.status), fmt.Sprint(got.status))
	}
	for _, name := range headerNames(want.header, got.header) {
		w, g := c.masked(headerText(name, want.header)), c.masked(headerText(name, got.header))
		if timesOfReplicas[name] && !namesObject(s.path) {
			w, g = masked(w), masked(g)
		}
		if w != g && !neverEqual[name] {
			c.differs(s, "header "+name, w, g)
		}
	}
	if w, g := c.masked(string(want.body)), c.masked(string(got.body)); w != g {
		c.differs(s, "body", w, g)
	}
}

// timesOfReplicas lists headers that each replica of an account or a container has a
// time of its own for (swift/container/backend.py: create_container_info).
var timesOfReplicas = map[string]bool{"X-Timestamp": true, "X-Put-Timestamp": true}

// namesObject tells whether a path is /VERSION/ACCOUNT/CONTAINER/OBJECT.
func namesObject(path string) bool {
	path, _, _ = strings.Cut(path, "?")
	parts := strings.SplitN(path, "/", 5)
	return len(parts) == 5 && parts[4] != ""
}

// sets lists headers with parts in the order of a Python set. The order changes with
// each start of Swift.
var sets = map[string]bool{
	"Allow": true, "Access-Control-Allow-Methods": true, "Access-Control-Allow-Headers": true,
	"Access-Control-Expose-Headers": true,
}

// headerText returns all values of a header, a line each. The parts of a
// header in sets are sorted.
func headerText(name string, h http.Header) string {
	text := strings.Join(h[name], "\n")
	if sets[name] {
		parts := strings.Split(text, ", ")
		slices.Sort(parts)
		text = strings.Join(parts, ", ")
	}
	return text
}

func headerNames(headers ...http.Header) []string {
	var names []string
	for _, h := range headers {
		for name := range h {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func (c *comparison) differs(s step, what, want, got string) {
	for _, e := range c.exceptions {
		if e.covers(s, what, want, got) {
			e.used = true
			c.excused++
			return
		}
	}
	if s.header != nil {
		what += " " + fmt.Sprintf("%.200q", s.header)
	}
	want, got = partings(want, got)
	c.lines = append(c.lines, fmt.Sprintf("%s %s %s %.100s\n  %s\n    swift      %.300q\n    needletail %.300q", s.name, s.user, s.method, s.path, what, want, got))
}

// partings returns two texts from a little before the place where they part.
func partings(a, b string) (string, string) {
	const before = 100
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	n = max(0, n-before)
	return a[n:], b[n:]
}

// report prints the differences without an exception, and returns whether there are
// any. With all, every step was sent, and an exception that no step used fails too.
func (c *comparison) report(out io.Writer, all bool) (failed bool) {
	var b bytes.Buffer
	for _, line := range c.lines {
		fmt.Fprintln(&b, line)
	}
	unused := 0
	for _, e := range c.exceptions {
		if e.used || e.optional {
			continue
		}
		unused++
		if all {
			fmt.Fprintf(&b, "exception never used: %s\n", e.text)
		}
	}
	fmt.Fprintf(&b, "%d requests compared, %d differences left, %d covered by %d exceptions\n",
		c.compared, len(c.lines), c.excused, len(c.exceptions)-unused)
	_, _ = out.Write(b.Bytes())
	return len(c.lines) > 0 || all && unused > 0
}
