// SPDX-License-Identifier: Apache-2.0

package ring

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestParseDevice(t *testing.T) {
	for text, want := range map[string]Device{
		"r1z2-10.0.0.1:6200/sdb1":                                     {ID: -1, Region: 1, Zone: 2, IP: "10.0.0.1", Port: 6200, Device: "sdb1"},
		"d7r0z0-host.example:1R10.0.0.2:2/sdb_a b_c":                  {ID: 7, IP: "host.example", Port: 1, ReplicationIP: "10.0.0.2", ReplicationPort: 2, Device: "sdb", Meta: "a b_c"},
		"r1z1-[fe80:0:0:0:0:0:0:1]:6200R[::1]:6300/d":                 {ID: -1, Region: 1, Zone: 1, IP: "fe80::1", Port: 6200, ReplicationIP: "::1", ReplicationPort: 6300, Device: "d"},
		"r1z1-127.0.0.1:6200/" + strings.Repeat("x", maxSpecBytes-20): {ID: -1, Region: 1, Zone: 1, IP: "127.0.0.1", Port: 6200, Device: strings.Repeat("x", maxSpecBytes-20)},
	} {
		if got, err := ParseDevice(text); err != nil || got != want {
			t.Errorf("%.60s: %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "sdb1", "z1-10.0.0.1:6200/sdb1", "r1z1-10.0.0.1/sdb1", "r1z1-10.0.0.1:65536/sdb1",
		"r99999999999z1-10.0.0.1:1/sdb1", "d1048576r1z1-10.0.0.1:1/sdb1", "r1z1-10.0.0.1:1/", "r1z1-fe80::1:1/sdb1",
		"r1z1-127.0.0.1:6200/" + strings.Repeat("x", maxSpecBytes-19)} {
		if _, err := ParseDevice(text); !errors.Is(err, ErrArgument) && !errors.Is(err, ErrLimit) {
			t.Errorf("%.60s: %v", text, err)
		}
	}
}

func TestFind(t *testing.T) {
	b := newTestBuilder(t, 2, 1, testDevice(0, 1, 1, 1, 1), testDevice(3, 1, 1, 2, 1))
	twin := testDevice(4, 1, 1, 2, 1)
	twin.Device = "d3"
	if err := b.Add(twin); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"d0": "0", "0": "0", "d3": "3", "r1z1-10.1.1.1:6200/d0": "0", "d4r1z1-10.1.1.2:6200/d3": "4",
		"d1": "no such device", "d99": "no such device", "r1z1-10.1.1.1:6200/d9": "no such device",
		"r1z1-10.1.1.2:6200/d3": "2 devices", "sda": "invalid value",
	} {
		d, err := b.Find(text)
		if got := fmt.Sprint(d.ID); err == nil && got != want || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %s, %v", text, got, err)
		}
	}
}

func FuzzParseDevice(f *testing.F) {
	f.Add("d7r0z0-host.example:1R[::1]:2/sdb_a b_c")
	f.Fuzz(func(t *testing.T, text string) {
		d, err := ParseDevice(text)
		if err != nil {
			return
		}
		if again, err := ParseDevice(d.String()); err != nil || again.String() != d.String() {
			t.Errorf("%q is %s, and that is %v (%v)", text, d.String(), again, err)
		}
	})
}
