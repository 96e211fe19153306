// SPDX-License-Identifier: Apache-2.0

package meta

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"needletail/objstore"
	"needletail/objstore/device"
)

func sampleRows() []ObjectRow {
	zero := int64(0)
	plain := ObjectRow{Info: objstore.ObjectInfo{
		Created: 7, Modified: 7, SizeBytes: 3, ETag: strings.Repeat("0a", 16), ContentType: "text/plain",
	}, Checksum: 1 << 63}
	full := plain
	full.Place, full.Policy, full.Checksum, full.ID = PlaceFile, 65535, 0, FileID{1, 2, 15: 9}
	full.Info.Created, full.Info.DeleteAt, full.Info.SizeBytes = -5, 99, 1<<62
	full.Info.SHA512 = strings.Repeat("fe", 64)
	full.Info.Metadata = objstore.Metadata{{Name: "X-Object-Meta-A", Value: "\xff\x00"}, {Name: "X-Object-Sysmeta-B"}}
	full.Info.Listing = objstore.ListingOverride{ETag: "e", SizeBytes: &zero, ContentType: "c",
		Extra: objstore.Metadata{{Name: "slo_etag", Value: "x"}}}
	coded, copies := full, plain
	coded.Placement = Placement{DataFragments: 4, Devices: []device.Index{0, 300, device.None, device.None - 1, 7, 1}}
	copies.Place, copies.Checksum = PlaceFile, 0
	copies.Placement = Placement{Devices: []device.Index{5, 0, 2}}
	return []ObjectRow{plain, full, coded, copies}
}

func mustAppend(t testing.TB, r *ObjectRow) []byte {
	t.Helper()
	b, err := AppendObjectRow(nil, r)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestObjectRowRoundTrip(t *testing.T) {
	for _, want := range sampleRows() {
		b := mustAppend(t, &want)
		got, err := ParseObjectRow(b)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, %v; want %+v", got, err, want)
		}
		for n := range b {
			if _, err := ParseObjectRow(b[:n]); !errors.Is(err, ErrCorrupt) {
				t.Fatalf("cut to %d of %d: %v", n, len(b), err)
			}
		}
		if _, err := ParseObjectRow(append(b, 0)); !errors.Is(err, ErrCorrupt) {
			t.Errorf("one byte more: %v", err)
		}
		b[0]++
		if _, err := ParseObjectRow(b); !errors.Is(err, ErrVersion) {
			t.Errorf("next version: %v", err)
		}
	}
}

func TestSmallRowIsSmall(t *testing.T) {
	if n := len(mustAppend(t, &sampleRows()[0])); n > 70 {
		t.Errorf("the row of a plain object takes %d bytes", n)
	}
}

func TestObjectRowRefusesBadDigests(t *testing.T) {
	for name, change := range map[string]func(*ObjectRow){
		"short etag":  func(r *ObjectRow) { r.Info.ETag = "00" },
		"bad etag":    func(r *ObjectRow) { r.Info.ETag = strings.Repeat("zz", 16) },
		"short sha":   func(r *ObjectRow) { r.Info.SHA512 = "00" },
		"minus bytes": func(r *ObjectRow) { r.Info.SizeBytes = -1 },
	} {
		r := sampleRows()[0]
		change(&r)
		if _, err := AppendObjectRow(nil, &r); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func TestPlacementIsChecked(t *testing.T) {
	many := func(n int) (all []device.Index) {
		for i := range n {
			all = append(all, device.Index(i))
		}
		return all
	}
	f := func(ok bool, place Place, p Placement) {
		t.Helper()
		r := sampleRows()[0]
		r.Place, r.Checksum, r.Placement = place, 0, p
		_, err := AppendObjectRow(nil, &r)
		if (err == nil) != ok {
			t.Errorf("%+v: %v", p, err)
		}
	}
	f(true, PlaceFile, Placement{Devices: many(slotsMax)})
	f(false, PlaceFile, Placement{Devices: many(slotsMax + 1)})
	f(true, PlaceFile, Placement{DataFragments: 3, Devices: many(3)})
	f(false, PlaceFile, Placement{DataFragments: 4, Devices: many(3)})
	f(false, PlaceFile, Placement{DataFragments: 1})
	f(false, PlaceFile, Placement{Devices: []device.Index{1, 2, 1}})
	f(true, PlaceFile, Placement{Devices: []device.Index{device.None, 2, device.None}})
	f(false, PlaceInline, Placement{Devices: many(1)})
}

// A row without a placement has the bytes that it had before there were any,
// and means device 0.
func TestOldRowIsOnDeviceZero(t *testing.T) {
	r := sampleRows()[1]
	if b := mustAppend(t, &r); b[1]&flagPlacement != 0 {
		t.Errorf("flags %b", b[1])
	}
	if s := r.Placement.Slots(); len(s) != 1 || s[0] != 0 || !r.Placement.Holds(0) || r.Placement.Holds(1) || r.Placement.Missing() != 0 {
		t.Errorf("slots %v", s)
	}
	if p := sampleRows()[2].Placement; p.Missing() != 1 || !p.Holds(300) || p.Holds(8) {
		t.Errorf("%+v", p)
	}
}

func TestOtherRowsRoundTrip(t *testing.T) {
	m := objstore.Metadata{{Name: "X-Account-Meta-A", Value: "1"}}
	a := AccountRow{Created: 5, Metadata: m}
	if got, err := ParseAccountRow(AppendAccountRow(nil, &a)); err != nil || !reflect.DeepEqual(got, a) {
		t.Error(got, err)
	}
	c := ContainerRow{Created: 5, Modified: 9, Policy: 3, Metadata: m}
	if got, err := ParseContainerRow(AppendContainerRow(nil, &c)); err != nil || !reflect.DeepEqual(got, c) {
		t.Error(got, err)
	}
	for _, s := range []ScrubRow{{}, {StartedSeconds: -7, Bytes: 1 << 50, Last: box.Object("o")}} {
		if got, err := ParseScrubRow(AppendScrubRow(nil, s)); err != nil || got != s {
			t.Error(got, err)
		}
	}
	for _, h := range []HealRow{{}, {Verify: true}} {
		if got, err := ParseHealRow(AppendHealRow(nil, h)); err != nil || got != h {
			t.Error(got, err)
		}
	}
	all := []KnownDevice{{7, "/disk/a"}, {1, ""}, {device.None - 1, "b"}}
	if got, err := parseDevices(appendDevices(nil, all)); err != nil || !reflect.DeepEqual(got, all) {
		t.Error(got, err)
	}
	for _, bad := range [][]KnownDevice{{{0, "a"}}, {{device.None, "a"}}, {{3, "a"}, {3, "b"}}} {
		if _, err := parseDevices(appendDevices(nil, bad)); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%v: %v", bad, err)
		}
	}
	g := GCRow{Policy: 2, SizeBytes: 1 << 40}
	if got, err := ParseGCRow(AppendGCRow(nil, g)); err != nil || got != g {
		t.Error(got, err)
	}
}

// FuzzRows: no bytes make a parser panic, and what it takes it writes again.
func FuzzRows(f *testing.F) {
	for _, r := range sampleRows() {
		f.Add(mustAppend(f, &r))
	}
	f.Add(AppendContainerRow(nil, &ContainerRow{Modified: 3, Policy: 1}))
	f.Add(AppendAccountRow(nil, &AccountRow{Metadata: objstore.Metadata{{Name: "a", Value: "b"}}}))
	f.Add([]byte{1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01})
	f.Fuzz(func(t *testing.T, b []byte) {
		var e objstore.ObjectEntry
		entryErr := parseEntry(b, &e)
		if r, err := ParseObjectRow(b); err == nil {
			if entryErr != nil {
				t.Fatalf("the row parses, its entry does not: %v", entryErr)
			}
			again, err := ParseObjectRow(mustAppend(t, &r))
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(again, r) {
				t.Fatalf("%+v became %+v", r, again)
			}
		}
		if r, err := ParseContainerRow(b); err == nil {
			if again, err := ParseContainerRow(AppendContainerRow(nil, &r)); err != nil || !reflect.DeepEqual(again, r) {
				t.Fatalf("%+v became %+v, %v", r, again, err)
			}
		}
		if r, err := ParseAccountRow(b); err == nil {
			if again, err := ParseAccountRow(AppendAccountRow(nil, &r)); err != nil || !reflect.DeepEqual(again, r) {
				t.Fatalf("%+v became %+v, %v", r, again, err)
			}
		}
		_, _ = ParseGCRow(b)
		_, _ = ParseScrubRow(b)
		_, _ = ParseHealRow(b)
		_, _ = parseDevices(b)
		_, _ = parseCounts(b)
		_, _ = parseName(b)
		_, _, _ = parseExpiryKey(b)
		_, _ = parseID(b)
	})
}
