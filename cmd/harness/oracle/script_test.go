// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestScriptIsLargeAndNamed(t *testing.T) {
	steps, names := script(), map[string]bool{}
	for _, s := range steps {
		if names[s.name] {
			t.Errorf("two steps are called %s", s.name)
		}
		names[s.name] = true
	}
	if len(steps) < 500 {
		t.Errorf("the script has %d steps", len(steps))
	}
	t.Logf("%d steps", len(steps))
}

func TestMasksLeaveTheRest(t *testing.T) {
	f := func(in, want string) {
		t.Helper()
		if got := masked(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
	f(`{"last_modified": "2026-11-21T22:22:36.123450"}`, `{"last_modified": "<ISO time>"}`)
	f("1402464677.04188", "<timestamp>")
	f("Sat, 21 Nov 2026 22:22:36 GMT", "<date>")
	f("d41d8cd98f00b204e9800998ecf8427e", "d41d8cd98f00b204e9800998ecf8427e")
	f("tx0123456789abcdef01234-0123456789 x", "<transaction> x")
}

func TestExceptionsHaveReasons(t *testing.T) {
	list, err := readExceptions(exceptionsText + clusterExceptionsText)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		column := strings.Split(e.text, " | ")
		if words := strings.Fields(column[len(column)-1]); len(words) < 5 {
			t.Errorf("%q gives no reason", e.text)
		}
	}
}

func TestExceptionCoversItsValuesAlone(t *testing.T) {
	e, err := parseException(`a/[12] | GET|HEAD | header X-Y | realm="(.*)" | $1\nnew | what an exception is good for`)
	if err != nil {
		t.Fatal(err)
	}
	f := func(covered bool, name, method, what, want, got string) {
		t.Helper()
		if e.covers(step{name: name, method: method}, what, want, got) != covered {
			t.Errorf("%s %s %s %q %q: covered is not %v", name, method, what, want, got, covered)
		}
	}
	f(true, "a/1", "GET", "header X-Y", `realm="b.c"`, "b.c\nnew")
	f(true, "a/2", "HEAD", "header X-Y", `realm="."`, ".\nnew")
	f(false, "a/2", "HEAD", "header X-Y", `realm="."`, "x\nnew")
	f(false, "a/12", "GET", "header X-Y", `realm="b"`, "b\nnew")
	f(false, "a/1", "PUT", "header X-Y", `realm="b"`, "b\nnew")
	f(false, "a/1", "GET", "status", `realm="b"`, "b\nnew")
	f(false, "a/1", "GET", "header X-Y", "", "b\nnew")
	for _, bad := range []string{"a | b | c | d | e", "( | b | c | d | e | f", "a | b | c | d | ( | f"} {
		if _, err := parseException(bad); err == nil {
			t.Errorf("%q is no exception", bad)
		}
	}
}

func TestSetsHaveNoOrder(t *testing.T) {
	h := http.Header{"Allow": {"PUT, GET"}, "Vary": {"b, a"}}
	if got := headerText("Allow", h); got != "GET, PUT" {
		t.Errorf("Allow: %q", got)
	}
	if got := headerText("Vary", h); got != "b, a" {
		t.Errorf("Vary: %q", got)
	}
}

// TestUnusedExceptionFails holds report to both of its reasons.
func TestUnusedExceptionFails(t *testing.T) {
	e, err := parseException("s | GET | status | 200 | 404 | what an exception is good for")
	if err != nil {
		t.Fatal(err)
	}
	c := &comparison{exceptions: []*exception{e}}
	if !c.report(io.Discard, true) {
		t.Error("an unused exception passes")
	}
	if c.report(io.Discard, false) {
		t.Error("an exception that one site does not use fails")
	}
	c.step(step{name: "s", method: "GET"}, &answer{status: 200}, &answer{status: 404})
	if c.report(io.Discard, true) {
		t.Error("a covered difference fails")
	}
	c.step(step{name: "s", method: "GET"}, &answer{status: 200}, &answer{status: 405})
	if !c.report(io.Discard, true) {
		t.Error("a difference passes")
	}
}

func TestExactComparisonSeesTimes(t *testing.T) {
	early := &answer{status: 200, header: http.Header{"X-Timestamp": {"1796097650.07614"}, "X-Trans-Id": {"a"}}, body: []byte("1796097650.07614")}
	late := &answer{status: 200, header: http.Header{"X-Timestamp": {"1796097651.07614"}, "X-Trans-Id": {"b"}}, body: []byte("1796097650.07614")}
	f := func(exact bool, path string, differences int) {
		t.Helper()
		c := &comparison{exact: exact}
		c.step(step{name: "s", method: "GET", path: path}, early, late)
		if len(c.lines) != differences {
			t.Errorf("%s: %q", path, c.lines)
		}
	}
	f(false, "/v1/a/c/o", 0)
	f(true, "/v1/a/c/o", 1)
	f(true, "/v1/a/c/o/p?q=/r", 1)
	f(true, "/v1/a/c/?prefix=a/b", 0)
	f(true, "/v1/a", 0)
	late.body = []byte("1796097651.07614")
	f(true, "/v1/a/c", 1)
	f(false, "/v1/a/c", 0)
}

func TestOptionalExceptionMayStayUnused(t *testing.T) {
	e, err := parseException("s | GET | status | 200 | 404 | what an exception is good for")
	if err != nil {
		t.Fatal(err)
	}
	e.optional = true
	if c := (&comparison{exceptions: []*exception{e}}); c.report(io.Discard, true) {
		t.Error("an optional exception fails")
	}
}

// TestExceptionsOfAPolicy: the exceptions of one kind of policy do not cover another's
// differences.
func TestExceptionsOfAPolicy(t *testing.T) {
	for policy, covered := range map[string]bool{"ec42": true, "gold": false} {
		list, err := clusterExceptions(policy)
		if err != nil {
			t.Fatal(err)
		}
		c := &comparison{exceptions: list}
		c.differs(step{name: "object/57", method: "PUT"}, "header Last-Modified", "", "<date>")
		c.differs(step{name: "odd/97", method: "PUT"}, "status", "403", "404")
		if c.excused == 2 != covered || c.excused == 0 {
			t.Errorf("%s: %q", policy, c.lines)
		}
	}
}

func TestDifferencesAreShown(t *testing.T) {
	long := strings.Repeat("x", 1000)
	c := &comparison{}
	c.differs(step{name: "s"}, "body", long+"swift", long+"needletail")
	if len(c.lines) != 1 || !strings.Contains(c.lines[0], `xswift"`) || !strings.Contains(c.lines[0], `xneedletail"`) {
		t.Errorf("%q", c.lines)
	}
}
