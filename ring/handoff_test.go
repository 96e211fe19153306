// SPDX-License-Identifier: Apache-2.0

package ring

import (
	"path/filepath"
	"slices"
	"testing"
)

// handRing makes a ring of one row by hand.
func handRing(t *testing.T, power int, row []uint32, devices ...Device) *Ring {
	t.Helper()
	list := make([]*Device, len(devices))
	for i := range devices {
		list[i] = &devices[i]
	}
	r, err := newRing(list, [][]uint32{row}, power, Hash{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// startAbove gives a partition above 0 whose walk for handoffs starts above 0.
func startAbove(t *testing.T, r *Ring) (partition uint32, start int) {
	t.Helper()
	for p := range uint32(r.Partitions()) {
		if start, _ := r.handoffStart(p); p > 0 && start > 0 {
			return p, start
		}
	}
	t.Fatal("every walk starts at 0")
	return 0, 0
}

// TestHandoffsLeaveOutPartitionZero: Swift's second walk begins one step above
// 0, so a device that has partition 0 alone is nobody's handoff.
func TestHandoffsLeaveOutPartitionZero(t *testing.T) {
	r := handRing(t, 3, []uint32{1, 0, 0, 0, 0, 2, 0, 0}, testDevice(0, 1, 1, 1, 1), testDevice(1, 1, 1, 2, 1), testDevice(2, 1, 1, 3, 1))
	p, _ := startAbove(t, r)
	got := append(ids(slices.Values(r.Nodes(p))), ids(r.Handoffs(p))...)
	slices.Sort(got)
	if !slices.Equal(got, []int{0, 2}) {
		t.Errorf("partition %d: nodes and handoffs %v", p, got)
	}
}

// TestHandoffsPreferNewTiers: at every level a device of a new tier comes
// before one that is met earlier.
func TestHandoffsPreferNewTiers(t *testing.T) {
	for name, second := range map[string]Device{
		"region": testDevice(2, 2, 1, 1, 1), "zone": testDevice(2, 1, 2, 1, 1), "server": testDevice(2, 1, 1, 2, 1),
	} {
		row := make([]uint32, 8)
		r := handRing(t, 3, row, testDevice(0, 1, 1, 1, 1), testDevice(1, 1, 1, 1, 1), second)
		p, start := startAbove(t, r)
		// The walk begins at start, with a device of the old tiers.
		other := 1
		for other == start || other == int(p) {
			other++
		}
		row[start], row[other] = 1, 2
		if start == int(p) {
			t.Fatalf("partition %d is where its walk starts", p)
		}
		r = handRing(t, 3, row, *r.devices[0], *r.devices[1], second)
		if got := ids(r.Handoffs(p)); !slices.Equal(got, []int{2, 1}) {
			t.Errorf("%s: handoffs of %d are %v, row %v, start %d", name, p, got, row, start)
		}
	}
}

// TestHandoffsEnd: a caller that has enough gets no more, and a partition that
// is not there has none.
func TestHandoffsEnd(t *testing.T) {
	r, err := Load("testdata/three-zones.ring.gz", goldenHash)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for range r.Handoffs(1) {
		if n++; n == 2 {
			break
		}
	}
	if n != 2 {
		t.Errorf("%d handoffs", n)
	}
	if got := ids(r.Handoffs(64)); len(r.Nodes(64)) > 0 || len(got) > 0 {
		t.Errorf("partition 64 of 64 has nodes, or handoffs %v", got)
	}
}

// TestHandoffWalk: a walk that is left and taken up again is the walk of
// Handoffs, and stays at its end.
func TestHandoffWalk(t *testing.T) {
	for _, name := range []string{"three-zones", "fraction-and-holes", "one-device", "ipv6", "two"} {
		r, err := Load("testdata/"+name+".ring.gz", goldenHash)
		if err != nil {
			t.Fatal(err)
		}
		for p := range uint32(min(r.Partitions(), 64)) {
			w := r.HandoffWalk(p)
			for d := range r.Handoffs(p) {
				if got, ok := w.Next(); !ok || got != d {
					t.Fatalf("%s, partition %d: the walk gives %v, not %v", name, p, got, d)
				}
			}
			for range 2 {
				if got, ok := w.Next(); ok || got != nil {
					t.Fatalf("%s, partition %d: %v behind the end", name, p, got)
				}
			}
		}
	}
}

// TestNextPartPower: the power is read from a file of format 1 and written again.
func TestNextPartPower(t *testing.T) {
	r, err := Load("testdata/three-zones.ring.gz", goldenHash)
	if err != nil {
		t.Fatal(err)
	}
	if got := r.NextPartPower(); got != 0 {
		t.Errorf("a ring at rest has the next power %d", got)
	}
	r.nextPartPower = r.power + 1
	path := filepath.Join(t.TempDir(), "object.ring.gz")
	for _, format := range []int{1, 2} {
		if err := r.WriteFile(path, format); err != nil {
			t.Fatal(err)
		}
		again, err := Load(path, goldenHash)
		if err != nil {
			t.Fatal(err)
		}
		if got := again.NextPartPower(); got != r.power+1 {
			t.Errorf("format %d: next power %d, not %d", format, got, r.power+1)
		}
	}
}
