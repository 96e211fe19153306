// SPDX-License-Identifier: Apache-2.0

//go:build interop

package ring

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// These tests ask OpenStack Swift's own code: python3-swift, or the source in
// the folder $SWIFT_SRC. `make ring-interop` runs them.

// interopNames is how many names are compared for each ring.
const interopNames = 10_000

// python runs testdata/swiftring.py.
func python(t *testing.T, args ...string) []byte {
	t.Helper()
	cmd := exec.Command("/usr/bin/python3", append([]string{"testdata/swiftring.py"}, args...)...)
	cmd.Env = append(os.Environ(), "PYTHONPATH="+os.Getenv("SWIFT_SRC"), "PYTHONDONTWRITEBYTECODE=1")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("swiftring.py %s: %v\n%s", strings.Join(args, " "), err, stderr.Bytes())
	}
	return out
}

// ringBuilder runs Debian's swift-ring-builder, which exits with 1 for a
// warning.
func ringBuilder(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("swift-ring-builder", args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState.ExitCode() != 1 {
		t.Fatalf("swift-ring-builder %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// writeNames writes names of all kinds.
func writeNames(t *testing.T, path string) [][3]*string {
	t.Helper()
	var names [][3]*string
	for i := range interopNames {
		a := fmt.Sprintf("AUTH_%d", i%97)
		c := fmt.Sprintf("c %d/ü", i%31)
		o := fmt.Sprintf("photos/%d/ü☃\U0001f600?%%%d", i, i%7)
		n := [3]*string{&a, &c, &o}
		if i%50 == 3 {
			n[2] = nil
		}
		if i%100 == 3 {
			n[1] = nil
		}
		names = append(names, n)
	}
	text, err := json.Marshal(names)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return names
}

// compareAll compares a ring file with Swift's own reading of it: all names,
// all nodes, all handoffs.
func compareAll(t *testing.T, path string) {
	t.Helper()
	r, err := Load(path, goldenHash)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "names.json")
	names := writeNames(t, file)
	lines := slices.Collect(bytes.Lines(python(t, "lookup", path, file)))
	if len(lines) != len(names) {
		t.Fatalf("%d answers to %d names", len(lines), len(names))
	}
	handoffs := 0
	for i, line := range lines {
		want := lookup{account: *names[i][0]}
		if names[i][1] != nil {
			want.container = *names[i][1]
		}
		if names[i][2] != nil {
			want.object = *names[i][2]
		}
		if err := json.Unmarshal(line, &[]any{&want.partition, &want.nodes, &want.handoffs}); err != nil {
			t.Fatal(err)
		}
		compare(t, r, want)
		handoffs += len(want.handoffs)
	}
	t.Logf("%s: %d names, %d handoffs are the same", filepath.Base(path), len(names), handoffs)
}

// interopCase is a ring to build: devices in several regions and zones with
// uneven weights, some of them removed after the first balance.
type interopCase struct {
	name     string
	power    int
	replicas float64
	devices  int
	regions  int
	remove   []int
	wide     bool // ids over 65,535
}

var interopCases = []interopCase{
	{name: "three", power: 10, replicas: 3, devices: 12, regions: 1},
	{name: "half", power: 10, replicas: 2.5, devices: 16, regions: 3, remove: []int{0, 7, 15}},
	{name: "quarter", power: 9, replicas: 3.25, devices: 24, regions: 2, remove: []int{3}},
	{name: "many", power: 17, replicas: 2, devices: 9, regions: 2},
	{name: "wide", power: 8, replicas: 2.75, devices: 12, regions: 3, remove: []int{4}, wide: true},
}

func (c interopCase) device(i int) Device {
	d := testDevice(i, i%c.regions+1, i%4, i%7, float64(50+10*i))
	if c.wide && i%2 == 1 {
		d.ID += 70_000
	}
	return d
}

// TestInteropSwiftWrites compares rings of swift-ring-builder.
func TestInteropSwiftWrites(t *testing.T) {
	for _, c := range interopCases {
		if c.wide {
			continue // 2.30's builder has no wide ids; rewriting below covers them
		}
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			ringBuilder(t, dir, "r.builder", "create", strconv.Itoa(c.power), fmt.Sprint(c.replicas), "0")
			args := []string{"r.builder", "add"}
			for i := range c.devices {
				d := c.device(i)
				args = append(args, d.String(), fmt.Sprint(d.Weight))
			}
			ringBuilder(t, dir, args...)
			ringBuilder(t, dir, "r.builder", "rebalance", "--seed", "1")
			for _, i := range c.remove {
				ringBuilder(t, dir, "r.builder", "remove", fmt.Sprintf("d%d", i))
			}
			ringBuilder(t, dir, "r.builder", "rebalance", "--force", "--seed", "2")
			compareAll(t, filepath.Join(dir, "r.ring.gz"))
		})
	}
}

// TestInteropWeWrite compares rings of ours, in all formats that this Swift
// reads, and rings of ours that Swift wrote again. Swift's validation passes,
// and its figures for balance and dispersion are ours.
func TestInteropWeWrite(t *testing.T) {
	var formats []int
	if err := json.Unmarshal(python(t, "formats"), &formats); err != nil {
		t.Fatal(err)
	}
	t.Logf("this Swift knows the formats %v", formats)
	for _, c := range interopCases {
		for _, format := range formats {
			if c.wide && format == 1 {
				continue
			}
			t.Run(fmt.Sprintf("%s-%d", c.name, format), func(t *testing.T) {
				dir := t.TempDir()
				path := filepath.Join(dir, "r.ring.gz")
				b := buildInterop(t, c)
				r, err := b.Ring(goldenHash)
				if err != nil {
					t.Fatal(err)
				}
				if err := r.WriteFile(path, format); err != nil {
					t.Fatal(err)
				}
				compareAll(t, path)
				again := filepath.Join(dir, "again.ring.gz")
				python(t, "rewrite", path, again, strconv.Itoa(format))
				compareAll(t, again)
				if format == 1 {
					compareFigures(t, dir, b)
				}
			})
		}
	}
}

func buildInterop(t *testing.T, c interopCase) *Builder {
	t.Helper()
	b := newTestBuilder(t, c.power, c.replicas)
	for i := range c.devices {
		if err := b.Add(c.device(i)); err != nil {
			t.Fatal(err)
		}
	}
	rebalance(t, b, 1)
	for _, i := range c.remove {
		if err := b.Remove(c.device(i).ID); err != nil {
			t.Fatal(err)
		}
	}
	rep := rebalance(t, b, 2)
	t.Logf("moved %d, balance %.2f, dispersion %.2f", rep.Moved, rep.Balance, rep.Dispersion)
	return b
}

var figures = regexp.MustCompile(`([0-9.]+) balance, ([0-9.]+) dispersion`)

// compareFigures lets swift-ring-builder make a builder of the ring.
func compareFigures(t *testing.T, dir string, b *Builder) {
	t.Helper()
	ringBuilder(t, dir, "r.ring.gz", "write_builder", "0")
	if out := ringBuilder(t, dir, "r.builder", "validate"); strings.TrimSpace(out) != "" {
		t.Errorf("validate: %s", out)
	}
	ringBuilder(t, dir, "r.builder", "dispersion", "--recalculate")
	m := figures.FindStringSubmatch(ringBuilder(t, dir, "r.builder"))
	if m == nil {
		t.Fatal("swift-ring-builder printed no figures")
	}
	balance, _ := strconv.ParseFloat(m[1], 64)
	dispersion, _ := strconv.ParseFloat(m[2], 64)
	if math.Abs(balance-b.Balance()) > 0.01 || math.Abs(dispersion-b.Dispersion().Percent) > 0.01 {
		t.Errorf("swift-ring-builder says balance %v, dispersion %v; we say %v, %v", balance, dispersion, b.Balance(), b.Dispersion().Percent)
	}
}
