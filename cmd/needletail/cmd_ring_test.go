// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"needletail/ring"
)

// runCommand runs a command line and gives its output and exit code.
func runCommand(t *testing.T, args ...string) (string, int) {
	t.Helper()
	var out bytes.Buffer
	cmd := newRootCommand()
	cmd.SetArgs(args)
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	err := cmd.Execute()
	if err != nil {
		out.WriteString(err.Error())
	}
	return out.String(), exitCode(err)
}

// TestRingCommands builds a ring as an operator does.
func TestRingCommands(t *testing.T) {
	dir := t.TempDir()
	b, r := filepath.Join(dir, "object.builder"), filepath.Join(dir, "object.ring.gz")
	for _, step := range []struct {
		args string // B is the builder, R the ring
		code int
		says string
	}{
		{"show B", exitNotFound, "no such file"},
		{"create B 8 x 1", exitUsage, "REPLICAS"},
		{"create B 8 3", exitUsage, "accepts 4 arg"},
		{"create B 99 3 1", exitUsage, "part power 99"},
		{"create B 8 3 1 --overload 0.1", 0, ""},
		{"create B 8 3 1", exitFailure, "exists"},
		{"rebalance B", exitFailure, "too few devices"},
		{"add B r1z1-10.0.0.1:6200/sda", exitUsage, "WEIGHT"},
		{"add B r1z1-10.0.0.1/sda 100", exitUsage, "is not [dID]"},
		{"add B r1z1-10.0.0.1:6200/sda 100 r1z2-10.0.0.2:6200/sdb_old 100 d7r1z3-[::1]:6200/sdc 100.5", 0, "Device d7r1z3-[::1]:6200/sdc with 100.5 weight got id 7"},
		{"add B r1z1-10.0.0.1:6200/sda 100", exitFailure, "exists"},
		{"add B d7r1z1-10.0.0.9:6200/sda 100", exitFailure, "exists"},
		{"show B", 0, "hasn't been written yet"},
		{"rebalance B --format 3", exitUsage, "1 or 2"},
		{"rebalance B --seed 1", 0, "Reassigned 768 (300.00%) partitions. Balance is now 0."},
		{"show B", 0, "up-to-date"},
		{"show B", 0, "sdb 100.00        256"},
		{"show R", 0, "256 partitions, 3.000000 replicas, 1 regions, 3 zones, 3 devices"},
		{"validate B", 0, "is valid"},
		{"validate R", 0, "is valid"},
		{"dispersion R", 0, "Dispersion is 0.000000"},
		{"dispersion -v R", 0, "r1z3-::1/sdc"},
		{"rebalance B", exitWarning, "nothing to move"},
		{"add B r1z1-10.0.0.4:6200/sdd 100", 0, "got id 2"},
		{"show B", 0, "obsolete"},
		{"rebalance B", exitWarning, "wait to be moved"},
		{"rebalance B --pretend-min-part-hours-passed", exitWarning, "dispersion of"},
		{"set-weight B d2 x", exitUsage, "WEIGHT"},
		{"set-weight B d2 -- -1", exitUsage, "weight -1"},
		{"set-weight B d5 1", exitNotFound, "no such device"},
		{"set-weight B r1z1-10.0.0.4:6200/sdd 50", 0, "d2r1z1-10.0.0.4:6200/sdd weight set to 50"},
		{"remove B d99", exitNotFound, "no such device"},
		{"remove B d2", 0, "marked for removal"},
		{"remove B d2", exitNotFound, "being removed"},
		{"show B", 0, "DEL"},
		{"rebalance B --format 2", 0, "Reassigned "},
		{"validate R", 0, "is valid"},
		{"add R r1z1-10.0.0.5:6200/sde 100", exitUsage, "--from"},
		{"create C --from R 1", 0, ""},
		{"show C", 0, "3 devices"},
		{"remove C d7", 0, ""},
		{"rebalance C", exitFailure, "too few devices"},
		{"create D 4 3 24", 0, ""},
		{"add D r1z1-10.0.0.1:6200/sda 1 r1z2-10.0.0.2:6200/sdb 1 r1z3-10.0.0.3:6200/sdc 1", 0, ""},
		{"rebalance D", 0, "Reassigned 48 "},
		{"set-replicas D x", exitUsage, "REPLICAS"},
		{"set-replicas D 0.5", exitUsage, "0.5 replicas"},
		{"set-replicas D", exitUsage, "accepts 2 arg"},
		{"set-replicas R 2", exitUsage, "--from"},
		{"set-replicas D 2.5", 0, "now 2.5"},
		{"show D", 0, "obsolete"},
		{"rebalance D --pretend-min-part-hours-passed", 0, "Balance is now"},
		{"show D", 0, "16 partitions, 2.500000 replicas"},
		{"set-overload D x%", exitUsage, "FRACTION"},
		{"set-overload D -- -0.1", exitUsage, "overload -0.1"},
		{"set-overload D 0.25", 0, "25.00% (0.250000)"},
		{"set-overload D 10%", 0, "10.00% (0.100000)"},
		{"set-min-part-hours D 1.5", exitUsage, "HOURS"},
		{"set-min-part-hours D -- -1", exitUsage, "-1 hours"},
		{"set-min-part-hours D 7", 0, "now 7."},
		{"show D", 0, "can be reassigned is 7 "},
		{"show D", 0, "10.00% (0.100000)"},
		{"nonsense", exitUsage, "not a command"},
		{"", exitUsage, "not a command"},
	} {
		args := []string{"ring"}
		for _, a := range strings.Fields(step.args) {
			if name, ok := map[string]string{"B": b, "R": r, "C": filepath.Join(dir, "copy.builder"), "D": filepath.Join(dir, "set.builder")}[a]; ok {
				a = name
			}
			args = append(args, a)
		}
		out, code := runCommand(t, args...)
		if code != step.code || !strings.Contains(out, step.says) {
			t.Fatalf("%s: code %d, want %d; no %q in\n%s", step.args, code, step.code, step.says, out)
		}
	}
	got, err := ring.Load(r, ring.Hash{})
	if err != nil || got.FormatVersion() != 2 {
		t.Errorf("the ring: %v", err)
	}
}

// TestRingDispersionWarns: by weight alone, the zone of one device gets too
// little for the replicas to be apart.
func TestRingDispersionWarns(t *testing.T) {
	b := filepath.Join(t.TempDir(), "x.builder")
	for _, args := range [][]string{
		{"create", b, "6", "2", "0"},
		{"add", b, "r1z1-10.0.0.1:6200/a", "1", "r1z2-10.0.0.2:6200/b", "9", "r1z2-10.0.0.3:6200/c", "9"},
	} {
		if out, code := runCommand(t, append([]string{"ring"}, args...)...); code != 0 {
			t.Fatalf("%v: %s", args, out)
		}
	}
	if out, code := runCommand(t, "ring", "rebalance", b, "--seed", "1"); code != exitWarning || !strings.Contains(out, "dispersion of") {
		t.Errorf("rebalance: code %d\n%s", code, out)
	}
	out, code := runCommand(t, "ring", "dispersion", b)
	if code != exitWarning || !strings.Contains(out, "\nr1z2 ") || strings.Contains(out, "\nr1z1 ") {
		t.Errorf("dispersion: code %d\n%s", code, out)
	}
}

// TestRingDamage: a damaged file is a failure, and names itself.
func TestRingDamage(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"x.builder", "x.ring.gz"} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte("\x80\x02}"), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, code := runCommand(t, "ring", "validate", path); code != exitFailure || !strings.Contains(out, path) {
			t.Errorf("%s: code %d, %s", name, code, out)
		}
	}
}
