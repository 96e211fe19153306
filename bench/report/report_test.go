// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const sample = `goos: linux
BenchmarkCompare/op=PUT/size=4KiB/streams=16/server=needletail 1 40.0 MB/s 10000 op/s 30 cpu-s/GB 120 cpu-µs/op
BenchmarkCompare/op=PUT/size=4KiB/streams=16/server=nginx 1 20.0 MB/s 5000 op/s 60 cpu-s/GB 240 cpu-µs/op
BenchmarkGrowthSize/by=size/op=PUT/n=1024 1 10 MB/s
BenchmarkGrowthSize/by=size/op=PUT/n=4096 1 40 MB/s
BenchmarkGrowthSize/by=size/op=GET/n=1024 1 20 MB/s
BenchmarkGrowthSize/by=size/op=GET/n=4096 1 80 MB/s
`

func sampleLines(t *testing.T) []line {
	t.Helper()
	lines, err := readLines(strings.NewReader(sample), "sample")
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

func TestComparison(t *testing.T) {
	var out strings.Builder
	if err := writeComparison(&out, sampleLines(t)); err != nil {
		t.Fatal(err)
	}
	rows := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(rows) != 4 {
		t.Fatalf("%d rows:\n%s", len(rows), out.String())
	}
	const want = "| PUT 4KiB 16 | nginx | 20.0 | 5000 | 60.0 | 240 |  |  |  | 2.00 | 0.50 |"
	if rows[3] != want {
		t.Errorf("row\n%s, not\n%s", rows[3], want)
	}
}

const fragmentSample = `goos: linux
BenchmarkEncode/isa_l_rs_vand/4+2-2 300 7500 MB/cpu-s 0 B/op
BenchmarkDecode/isa_l_rs_vand/4+2-2 300 9000 MB/cpu-s 0 B/op
BenchmarkPyeclib/isa_l_rs_vand/4+2-2 1 3000 MB/cpu-s-encode 4500 MB/cpu-s-decode
`

func TestFragments(t *testing.T) {
	lines, err := readLines(strings.NewReader(fragmentSample), "sample")
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := writeFragments(&out, lines); err != nil {
		t.Fatal(err)
	}
	rows := strings.Split(strings.TrimSpace(out.String()), "\n")
	const want = "| isa_l_rs_vand 4+2 | 7500 | 3000 | 2.50 | 9000 | 4500 | 2.00 |"
	if len(rows) != 3 || rows[2] != want {
		t.Errorf("rows\n%s\nnot\n%s", out.String(), want)
	}
	if err := writeFragments(&out, lines[1:]); err == nil {
		t.Error("a code without a rate of needletail is no error")
	}
}

func TestCurves(t *testing.T) {
	dir := t.TempDir()
	if err := writeCurves(dir, sampleLines(t)); err != nil {
		t.Fatal(err)
	}
	got, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(got) != 1 || filepath.Base(got[0]) != "size-MB-s.svg" {
		t.Fatalf("files %v, %v", got, err)
	}
	svg, err := os.ReadFile(got[0])
	if err != nil || !strings.Contains(string(svg), "PUT") || !strings.Contains(string(svg), "GET") {
		t.Errorf("no legend of both series in %.200s (%v)", svg, err)
	}
}

func TestBadInput(t *testing.T) {
	if _, err := readLines(strings.NewReader("nothing\n"), "empty"); err == nil {
		t.Error("a file without benchmarks is accepted")
	}
	lines := []line{{keys: []string{"server"}, parts: map[string]string{"server": "nginx"}}}
	if err := writeComparison(&strings.Builder{}, lines); err == nil {
		t.Error("a comparison with nobody is accepted")
	}
	for _, args := range [][]string{nil, {"compare"}, {"curves", "report_test.go"}} {
		if err := run(args); err == nil {
			t.Errorf("%q is accepted", args)
		}
	}
}
