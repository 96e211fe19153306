// SPDX-License-Identifier: Apache-2.0

package main

import (
	"slices"
	"strings"
	"testing"
)

const report = `<?xml version="1.0" encoding="utf-8"?><testsuites><testsuite name="pytest" errors="1" failures="1">
<testcase classname="test.functional.test_account.TestAccount" name="test_a" time="0.1" />
<testcase classname="test.functional.test_account.TestAccount" name="test_b"><failure message="AssertionError: 1&#10;!= 2">trace</failure></testcase>
<testcase classname="test.functional.test_slo.TestSlo" name="test_c"><skipped type="pytest.skip" message="slo not enabled">x</skipped></testcase>
<testcase classname="test.functional.test_slo.TestSlo" name="test_d" /><testcase classname="test.functional.test_slo.TestSlo" name="test_d"><error message="failed on teardown">x</error></testcase>
<testcase classname="" name="test.functional.tests"><error message="collection failure">x</error></testcase>
</testsuite></testsuites>`

func TestParseJUnit(t *testing.T) {
	all, err := parseJUnit([]byte(report))
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]result{
		"test_account.TestAccount.test_a": {passed, ""},
		"test_account.TestAccount.test_b": {failed, "AssertionError: 1"},
		"test_slo.TestSlo.test_c":         {skipped, "slo not enabled"},
		"test_slo.TestSlo.test_d":         {failed, "failed on teardown"},
		"tests":                           {failed, "collection failure"},
	} {
		if got := all[id]; got != want {
			t.Errorf("%s: %+v, want %+v", id, got, want)
		}
	}
	if got := all.counts(); got != "1 passed, 3 failed, 1 skipped" {
		t.Errorf("counts: %s", got)
	}
	if lines := all.perFile("A"); len(lines) != 3 || !strings.Contains(lines[0], "test_account") || !strings.Contains(lines[1], "1 failed, 1 skipped") {
		t.Errorf("per file: %q", lines)
	}
	if _, err := parseJUnit([]byte("<testsuites>")); err == nil {
		t.Error("half a report is taken for a whole one")
	}
}

func TestComplaints(t *testing.T) {
	all := results{"f.T.known": {failed, "x"}, "f.T.new": {failed, "y"}, "f.T.idle": {skipped, "z"}, "f.T.well": {outcome: passed}}
	known, err := parseDeviations("f.T.known because\nf.T.well because")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"FAILED f.T.new: y", "PASSED f.T.well: take it off known_deviations.txt"}
	if got := all.complaints(known, false); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	want = slices.Insert(want, 2, "RAN IN NO RUN f.T.idle: z")
	if got := all.complaints(known, true); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	all.merge(results{"f.T.idle": {outcome: passed}, "f.T.new": {skipped, ""}})
	if got := all.complaints(known, true); !slices.Equal(got, want[:2]) {
		t.Errorf("after the next run: %q", got)
	}
}

func TestParseDeviations(t *testing.T) {
	known, err := parseDeviations("# comment\n\n a.B.c  needs a \n")
	if err != nil || len(known) != 1 || known["a.B.c"] != "needs a" {
		t.Errorf("%v, %v", known, err)
	}
	for _, bad := range []string{"a.B.c", "a.B.c x\na.B.c y"} {
		if _, err := parseDeviations(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
	if _, err := parseDeviations(knownDeviations); err != nil {
		t.Error(err)
	}
}
