package main

import (
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
	list, err := readExceptions()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		if words := strings.Fields(e.text); len(words) < 5 {
			t.Errorf("%q gives no reason", e.text)
		}
	}
}
