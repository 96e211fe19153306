// SPDX-License-Identifier: Apache-2.0

package ring

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// goldenHash is the one of the golden rings.
var goldenHash = Hash{Prefix: "changeme", Suffix: "too-much"}

// lookup is what Swift answers for a name.
type lookup struct {
	account, container, object string
	partition                  uint32
	nodes, handoffs            []int
}

func (l *lookup) UnmarshalJSON(text []byte) error {
	names := []*string{&l.account, &l.container, &l.object}
	return json.Unmarshal(text, &[]any{&names, &l.partition, &l.nodes, &l.handoffs})
}

func goldenLookups(t *testing.T, name string) []lookup {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var list []lookup
	for line := range bytes.Lines(text) {
		var l lookup
		if err := json.Unmarshal(line, &l); err != nil {
			t.Fatal(err)
		}
		list = append(list, l)
	}
	if len(list) < 50 {
		t.Fatalf("%s: %d lookups only", name, len(list))
	}
	return list
}

// compare reports where a ring answers otherwise than Swift.
func compare(t *testing.T, r *Ring, want lookup) {
	t.Helper()
	p := r.Partition(want.account, want.container, want.object)
	if p != want.partition {
		t.Fatalf("%v: partition %d, want %d", want, p, want.partition)
	}
	if got := ids(slices.Values(r.Nodes(p))); !slices.Equal(got, want.nodes) {
		t.Fatalf("%v: nodes %v", want, got)
	}
	if got := ids(r.Handoffs(p)); !slices.Equal(got, want.handoffs) {
		t.Fatalf("%v: handoffs %v", want, got)
	}
}

func ids(devices func(func(*Device) bool)) []int {
	var list []int
	for d := range devices {
		list = append(list, d.ID)
	}
	return list
}

// TestGoldenRings reads rings that Swift wrote, writes them and reads what it
// wrote: the lookups are Swift's each time.
func TestGoldenRings(t *testing.T) {
	paths, _ := filepath.Glob("testdata/*.ring.gz")
	if len(paths) != 6 {
		t.Fatalf("%d golden rings", len(paths))
	}
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".ring.gz")
		t.Run(name, func(t *testing.T) {
			r, err := Load(path, goldenHash)
			if err != nil {
				t.Fatal(err)
			}
			lookups := goldenLookups(t, name)
			for _, want := range lookups {
				compare(t, r, want)
			}
			for format := 1; format <= 2; format++ {
				again := rewritten(t, r, format)
				if again == nil {
					continue
				}
				if again.format != format || again.version != r.version || again.Replicas() != r.Replicas() {
					t.Errorf("format %d: format, version, replicas are %d %d %v", format, again.format, again.version, again.Replicas())
				}
				for i, d := range r.devices {
					if o := again.devices[i]; (d == nil) != (o == nil) || d != nil && *d != *o {
						t.Errorf("format %d: device %d is %+v, was %+v", format, i, o, d)
					}
				}
				for _, want := range lookups {
					compare(t, again, want)
				}
			}
		})
	}
}

// rewritten writes a ring twice and reads it; nil if the format is too narrow
// for it.
func rewritten(t *testing.T, r *Ring, format int) *Ring {
	t.Helper()
	if format == 1 && len(r.devices) > noneShort {
		return nil
	}
	var a, b bytes.Buffer
	for _, w := range []*bytes.Buffer{&a, &b} {
		if err := r.Write(w, format); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Fatal("the same ring gave two files")
	}
	again, err := Parse(a.Bytes(), r.hash)
	if err != nil {
		t.Fatal(err)
	}
	return again
}

// TestGoldenDetails checks fields that lookups do not show.
func TestGoldenDetails(t *testing.T) {
	load := func(name string) *Ring {
		r, err := Load(filepath.Join("testdata", name+".ring.gz"), goldenHash)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	if m := load("three-zones").devices[0].Meta; m != "mét\U0001f600a" {
		t.Errorf("meta %q", m)
	}
	if d := load("three-zones").devices[0]; d.ReplicationIP != d.IP || d.ReplicationPort != 6200 {
		t.Errorf("without a replication address: %+v", *d)
	}
	if d := load("ipv6").devices[1]; d.ReplicationIP != "fe81::2" || d.ReplicationPort != 6300 || d.String() != "r1z1-[fe80::2]:6200/sd1" {
		t.Errorf("%v: %+v", d, *d)
	}
	r := load("fraction-and-holes")
	if r.devices[3] != nil || r.devices[13] != nil || r.Replicas() != 2.5 || r.PartPower() != 7 || r.FormatVersion() != 1 {
		t.Errorf("devices %v, replicas %v, power %d", r.devices, r.Replicas(), r.PartPower())
	}
	if w := load("two-wide"); w.devices[70001] == nil || w.FormatVersion() != 2 || w.idBytes() != 4 {
		t.Errorf("wide ring: %d devices, format %d", len(w.devices), w.FormatVersion())
	}
}

// TestBigEndianV1 reads a ring of a machine of the other byte order, and one
// of before the field was there.
func TestBigEndianV1(t *testing.T) {
	for _, c := range []struct {
		field string
		order binary.AppendByteOrder
	}{{`"byteorder":"big",`, binary.BigEndian}, {"", binary.LittleEndian}} {
		raw := rawV1(`{`+c.field+`"devs":[null,{"id":1,"device":"a","ip":"h","port":1,"weight":1,"zone":3}],"part_shift":31,"replica_count":1}`, nil)
		raw = c.order.AppendUint16(c.order.AppendUint16(raw, 1), 1)
		r, err := Parse(gzipped(raw), Hash{})
		if err != nil {
			t.Fatal(err)
		}
		if d := r.Nodes(1)[0]; d.Region != 1 || d.Zone != 3 || d.ReplicationIP != "h" {
			t.Errorf("%+v", *d)
		}
	}
}
