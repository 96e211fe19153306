// SPDX-License-Identifier: Apache-2.0

package objstore

import (
	"strings"
	"testing"
)

func TestPolicies(t *testing.T) {
	ps := Policies{
		{Index: 0, Name: "gold", Aliases: []string{"yellow", "Orange"}},
		{Index: 7, Name: "Silver", Default: true},
	}
	if err := ps.Validate(); err != nil {
		t.Fatal(err)
	}
	if got := ps.Default().Index; got != 7 {
		t.Errorf("default is %d", got)
	}
	for name, want := range map[string]PolicyIndex{"gold": 0, "GOLD": 0, "orange": 0, "silver": 7} {
		if p, ok := ps.ByName(name); !ok || p.Index != want {
			t.Errorf("%q: %d, %v; want %d", name, p.Index, ok, want)
		}
	}
	for _, name := range []string{"", "gol", "bronze", "0"} {
		if p, ok := ps.ByName(name); ok {
			t.Errorf("%q found %+v", name, p)
		}
	}
	if p, ok := ps.ByIndex(7); !ok || p.Name != "Silver" {
		t.Errorf("index 7: %+v, %v", p, ok)
	}
	if p, ok := ps.ByIndex(1); ok {
		t.Errorf("index 1 found %+v", p)
	}
	if err := DefaultPolicies().Validate(); err != nil {
		t.Errorf("the default policies: %v", err)
	}
}

func TestPoliciesValidate(t *testing.T) {
	f := func(want string, ps ...Policy) {
		t.Helper()
		err := Policies(ps).Validate()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want an error with %q", ps, err, want)
		}
	}
	a := Policy{Index: 0, Name: "a", Default: true}
	f("0 storage policies are default")
	f("0 storage policies are default", Policy{Name: "a"})
	f("2 storage policies are default", a, Policy{Index: 1, Name: "b", Default: true})
	f("index 0 is used twice", a, Policy{Index: 0, Name: "b"})
	f(`name "a" is empty or used twice`, a, Policy{Index: 1, Name: "A"})
	f(`name "a" is empty or used twice`, a, Policy{Index: 1, Name: "b", Aliases: []string{"A"}})
	f(`name "" is empty`, a, Policy{Index: 1})
	f(`name "" is empty`, a, Policy{Index: 1, Name: "b", Aliases: []string{""}})
}

func TestPolicySlots(t *testing.T) {
	for _, c := range []struct {
		p     Policy
		slots int
		coded bool
	}{
		{Policy{}, 1, false},
		{Policy{Copies: 1}, 1, false},
		{Policy{Copies: 3}, 3, false},
		{Policy{DataFragments: 4, ParityFragments: 2}, 6, true},
		{Policy{DataFragments: 1, ParityFragments: 1}, 2, true},
		{Policy{DataFragments: 4, ParityFragments: 2, DuplicationFactor: 2}, 12, true},
		{Policy{Copies: 3, DuplicationFactor: 0}, 3, false},
	} {
		if got := c.p.Slots(); got != c.slots || c.p.Erasure() != c.coded {
			t.Errorf("%+v: %d slots", c.p, got)
		}
	}
}

func TestPolicyNumbersAreChecked(t *testing.T) {
	f := func(want string, p Policy) {
		t.Helper()
		p.Name, p.Default = "p", true
		err := Policies{p}.Validate()
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%+v: %v, want %q", p, err, want)
		}
	}
	f("negative", Policy{Copies: -1})
	f("negative", Policy{DataFragments: 2, ParityFragments: -1})
	f("copies and fragments", Policy{Copies: 1, DataFragments: 2, ParityFragments: 1})
	f("copies and fragments", Policy{Copies: 1, ParityFragments: 1})
	f("both data and parity", Policy{DataFragments: 2})
	f("both data and parity", Policy{ParityFragments: 2})
	f("", Policy{Copies: slotsMax})
	f("more than", Policy{Copies: slotsMax + 1})
	f("", Policy{DataFragments: slotsMax - 1, ParityFragments: 1})
	f("more than", Policy{DataFragments: slotsMax, ParityFragments: 1})
	code := Policy{DataFragments: 2, ParityFragments: 1, ECType: "isa_l_rs_vand", SegmentBytes: 1 << 20}
	f("", code)
	code.DuplicationFactor = duplicationMax
	f("", code)
	code.DuplicationFactor++
	f("more than", code)
	code.DuplicationFactor = -1
	f("negative", code)
	f("negative", Policy{DataFragments: 2, ParityFragments: 1, SegmentBytes: -1})
	f("no fragments", Policy{Copies: 3, ECType: "isa_l_rs_vand"})
	f("no fragments", Policy{SegmentBytes: 1})
	f("no fragments", Policy{Copies: 2, DuplicationFactor: 2})
}
