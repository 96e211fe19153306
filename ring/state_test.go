// SPDX-License-Identifier: Apache-2.0

package ring

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestBuilderRoundTrip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.builder")
	b := newTestBuilder(t, 5, 2.5, zones(6, 3)...)
	_ = b.SetOverload(0.25)
	for range 3 {
		if err := b.Save(path); err != nil {
			t.Fatal(err)
		}
		again, err := LoadBuilder(path)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(b, again) {
			t.Fatalf("saved\n%+v\nloaded\n%+v", b, again)
		}
		rebalance(t, b, 1)
		if err := b.Remove(b.Devices()[0].ID); err != nil {
			t.Fatal(err)
		}
	}
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 1 {
		t.Errorf("left over: %v", left)
	}
}

func TestParseBuilderErrors(t *testing.T) {
	var file bytes.Buffer
	b := newTestBuilder(t, 2, 2, zones(3, 3)...)
	rebalance(t, b, 1)
	if err := b.write(&file); err != nil {
		t.Fatal(err)
	}
	raw, err := unpack(file.Bytes(), maxRawBytes)
	if err != nil {
		t.Fatal(err)
	}
	for says, change := range map[string]func(*builderRecord){
		"format":          func(r *builderRecord) { r.Format = "x" },
		"bytes of moves":  func(r *builderRecord) { r.PartPower = 3 },
		"part power":      func(r *builderRecord) { r.PartPower = -1 },
		"replicas":        func(r *builderRecord) { r.Replicas = 0.5 },
		"hours":           func(r *builderRecord) { r.MinPartHours = maxMinPartHours + 1 },
		"overload":        func(r *builderRecord) { r.Overload = -1 },
		"at place":        func(r *builderRecord) { r.Devices[1].ID = 0 },
		"weight":          func(r *builderRecord) { r.Devices[1].Weight = -1 },
		"is removed":      func(r *builderRecord) { r.Removed = []int{9} },
		"of 4 partitions": func(r *builderRecord) { r.Rows[0] = r.Rows[0][:8] },
		"is not there":    func(r *builderRecord) { r.Rows[0][0] = 9 },
		"two replicas":    func(r *builderRecord) { copy(r.Rows[1], r.Rows[0]) },
		"rows":            func(r *builderRecord) { r.Rows = make([][]byte, maxReplicas+1) },
	} {
		var rec builderRecord
		if err := json.Unmarshal(raw, &rec); err != nil {
			t.Fatal(err)
		}
		change(&rec)
		text, _ := json.Marshal(rec)
		if _, err := ParseBuilder(gzipped(text)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", says, err)
		}
	}
	for name, data := range map[string][]byte{"pickle": []byte("\x80\x02}q"), "other format": gzipped([]byte("{}"))} {
		if _, err := ParseBuilder(data); !errors.Is(err, ErrVersion) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestBuilderLimits(t *testing.T) {
	for _, c := range []struct {
		power    int
		replicas float64
		hours    int
		ok       bool
	}{{0, 1, 0, true}, {-1, 1, 0, false}, {maxPartPower + 1, 1, 0, false}, {1, 0.99, 0, false}, {1, maxReplicas, 0, true},
		{1, maxReplicas + 0.01, 0, false}, {1, 1, maxMinPartHours, true}, {1, 1, maxMinPartHours + 1, false}, {1, 1, -1, false}} {
		if _, err := NewBuilder(c.power, c.replicas, c.hours); (err == nil) != c.ok || !c.ok && !errors.Is(err, ErrLimit) {
			t.Errorf("%+v: %v", c, err)
		}
	}
	for weight, ok := range map[float64]bool{0: true, maxWeight: true, maxWeight * 1.01: false, -1: false} {
		d := testDevice(0, 1, 1, 1, weight)
		if err := d.check(); (err == nil) != ok {
			t.Errorf("weight %v: %v", weight, err)
		}
	}
}

// TestBalanceOfNoWeight: partitions on a device without weight are as far off
// as can be.
func TestBalanceOfNoWeight(t *testing.T) {
	b := newTestBuilder(t, 4, 2, zones(4, 4)...)
	rebalance(t, b, 1)
	if err := b.SetWeight(0, 0); err != nil {
		t.Fatal(err)
	}
	if got := b.Balance(); got != maxBalance {
		t.Errorf("balance %v", got)
	}
	if rebalance(t, b, 1); b.Held()[0] != 0 {
		t.Errorf("it still has %d", b.Held()[0])
	}
}
