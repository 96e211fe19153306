// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"needletail/objstore"
	"needletail/objstore/blob"
	"needletail/objstore/device"
	"needletail/objstore/meta"
)

// A device keeps its index whatever the order of the configuration and wherever
// it is mounted; one that was taken out leaves its index to nobody.
func TestDevicesKeepTheirIndex(t *testing.T) {
	fs := memFS()
	open := func(paths ...string) []device.Index {
		t.Helper()
		o := Options{FS: fs}
		for _, p := range paths {
			o.Devices = append(o.Devices, DeviceOptions{Path: p, Weight: 1})
		}
		e := openTest(t, "store", o)
		defer closeTest(t, e)
		var got []device.Index
		for _, d := range e.fleet.devices {
			got = append(got, d.index)
		}
		return got
	}
	check := func(got []device.Index, want ...device.Index) {
		t.Helper()
		if !slices.Equal(got, want) {
			t.Errorf("indexes %v, want %v", got, want)
		}
	}
	check(open(), 0)
	check(open("a", "b"), 0, 1, 2)
	check(open("b", "a"), 0, 2, 1)
	check(open("c", "b"), 0, 3, 2)
	check(open("d"), 0, 4)
	check(open("store", "a"), 0, 1)
	if err := fs.Rename("b", "moved"); err != nil {
		t.Fatal(err)
	}
	check(open("new", "moved"), 0, 5, 2)
}

// movedBy counts the slots that a change of devices moves.
func movedBy(t *testing.T, before, after *Engine) (moved int) {
	t.Helper()
	for i := range 2000 {
		o := box.Object(objstore.ObjectName(fmt.Sprint(i)))
		was, is := before.place(o, 0)[:3], after.place(o, 0)[:3]
		for _, d := range is {
			if !slices.Contains(was, d) {
				moved++
			}
		}
	}
	return moved
}

// A ring that follows a change of devices moves about as little as possible.
func TestRingFollowsDevices(t *testing.T) {
	fs := memFS()
	open := func(n int) *Engine {
		o := severalDevices("store", n, "3 copies", fs)
		for i := range o.Devices {
			o.Devices[i].Zone = i
		}
		e := openTest(t, "store", o)
		closeTest(t, e)
		return e
	}
	nine, again, ten := open(9), open(9), open(10)
	if n := movedBy(t, nine, again); n != 0 {
		t.Errorf("%d slots moved though nothing changed", n)
	}
	least := 2000 * 3 / 10
	if n := movedBy(t, again, ten); n < least*8/10 || n > least*12/10 {
		t.Errorf("%d slots moved to a tenth device, %d would be right", n, least)
	}
	for i := range 200 {
		order := ten.place(box.Object(objstore.ObjectName(fmt.Sprint(i))), 0)
		if len(order) != 10 || slices.Contains(order, 0) || len(slices.Compact(slices.Sorted(slices.Values(order)))) != 10 {
			t.Fatalf("order %v is not ten devices", order)
		}
	}
}

// Bodies of a store of one device move to the devices that it gets, and off one
// that is drained or taken away; they are whole all the time.
func TestDrainAndRemove(t *testing.T) {
	fs := memFS()
	e := openTest(t, "store", Options{FS: fs, Policies: objstore.Policies{{Name: "p", Default: true}}})
	makeBox(t, e)
	const n = 20
	body := func(i int) []byte { return randomBody(uint64(i), 100_000+i) }
	for i := range n {
		put(t, e, objstore.ObjectName(fmt.Sprint(i)), body(i))
	}
	closeTest(t, e)
	reopen := func(what string, change func(*Options), good func(device.Index) bool) {
		t.Helper()
		o := severalDevices("store", 4, "1 copy", fs)
		o.Policies = objstore.Policies{{Name: "p", Default: true, Copies: 1}}
		change(&o)
		e := openTest(t, "store", o)
		defer closeTest(t, e)
		c := &chaosStore{Engine: e, t: t}
		waitFor(t, what, func() bool {
			where := map[device.Index]bool{}
			if err := e.db.Objects(func(_ objstore.ObjectID, row meta.ObjectRow) error {
				for _, d := range row.Placement.Slots() {
					where[d] = true
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			for d := range where {
				if !good(d) {
					return false
				}
			}
			return c.tidy() == ""
		})
		for i := range n {
			if got, err := get(e, objstore.ObjectName(fmt.Sprint(i))); err != nil || !bytes.Equal(got, body(i)) {
				t.Errorf("%s: object %d: %d bytes, %v", what, i, len(got), err)
			}
		}
	}
	reopen("move off the data folder", func(*Options) {}, func(d device.Index) bool { return d != 0 })
	reopen("drain", func(o *Options) { o.Devices[0].Draining = true }, func(d device.Index) bool { return d > 1 })
	reopen("return", func(o *Options) {}, func(d device.Index) bool { return d != 0 })
}

// A removed device's slots are built anew from the others.
func TestRemovedDevice(t *testing.T) {
	fs := memFS()
	o := severalDevices("store", 8, "4+2", fs)
	e := openTest(t, "store", o)
	makeBox(t, e)
	for i := range 20 {
		put(t, e, objstore.ObjectName(fmt.Sprint(i)), randomBody(uint64(i), 200_000))
	}
	closeTest(t, e)
	o.Devices = o.Devices[1:]
	e = openTest(t, "store", o)
	defer closeTest(t, e)
	c := &chaosStore{Engine: e, t: t}
	waitFor(t, "slots off the removed device", func() bool {
		onIt := false
		err := e.db.Objects(func(_ objstore.ObjectID, row meta.ObjectRow) error {
			onIt = onIt || row.Placement.Holds(1)
			return nil
		})
		return err == nil && !onIt && c.healthy() == ""
	})
	c.checkAll("without the removed device")
}

// A full device is passed over; only when too few take a body it is refused with
// KindNoSpace, and deletes work on.
func TestFullDevices(t *testing.T) {
	o := severalDevices("store", 8, "4+2", memFS())
	var disks []*vfs.MemFS
	usage := func(i int, avail uint64) {
		disks[i].TestingSetDiskUsage(vfs.DiskUsage{AvailBytes: avail, TotalBytes: 1 << 30})
	}
	for i := range o.Devices {
		disks = append(disks, vfs.NewMem())
		o.Devices[i].FS = disks[i]
		usage(i, 1<<30)
	}
	e := openTest(t, "store", o)
	defer closeTest(t, e)
	makeBox(t, e)
	body := randomBody(1, 300_000)
	for i := range 4 {
		if i == 3 {
			break
		}
		usage(i, 1000)
		put(t, e, objstore.ObjectName(fmt.Sprint(i)), body)
	}
	usage(3, 1000)
	_, err := e.PutObject(ctx, box.Object("x"), failingReader{}, objstore.PutOptions{SizeBytes: 300_000})
	if !errors.Is(err, objstore.KindNoSpace) {
		t.Errorf("with four full devices of eight: %v", err)
	}
	if _, err := e.DeleteObject(ctx, box.Object("0"), objstore.DeleteOptions{}); err != nil {
		t.Error(err)
	}
	if got, err := get(e, "1"); err != nil || !bytes.Equal(got, body) {
		t.Error(len(got), err)
	}
	if m := e.Metrics(); m.ShortPuts == 0 {
		t.Error("no put was short")
	}
}

// The scrubber goes on where it was, finds damage in files and inline bodies,
// and says how long a pass takes.
func TestScrub(t *testing.T) {
	dir := t.TempDir()
	o := Options{ScrubBytesPerSecond: 1 << 30}
	e := openTest(t, dir, o)
	defer func() { closeTest(t, e) }()
	makeBox(t, e)
	put(t, e, "a", randomBody(1, 200_000))
	put(t, e, "b", []byte("inline"))
	if err := e.scrub.pass(ctx); err != nil {
		t.Fatal(err)
	}
	p := e.scrub.read()
	if p.Damaged != 0 || p.BytesDone != 200_006 || p.Bytes != 200_006 || p.FullPass() <= 0 {
		t.Errorf("%+v", p)
	}
	if err := e.scrub.save(meta.ScrubRow{StartedSeconds: time.Now().Unix(), Bytes: 200_000, Last: box.Object("a")}); err != nil {
		t.Fatal(err)
	}
	if err := e.scrub.pass(ctx); err != nil || e.scrub.read().BytesDone != 200_006 {
		t.Errorf("from the cursor: %+v, %v", e.scrub.read(), err)
	}
	c := &chaosStore{Engine: e, t: t, paths: []string{dir}}
	if n := c.corrupt(1, 1, newRand(1)); n != 1 {
		t.Fatal("nothing was corrupted")
	}
	row, _, err := e.db.Object(box.Object("b"))
	if err != nil {
		t.Fatal(err)
	}
	b := e.db.NewBatch()
	b.SetInline(row.ID, []byte("inlinE"))
	if err := b.Commit(true); err != nil {
		t.Fatal(err)
	}
	if err := e.scrub.pass(ctx); err != nil {
		t.Fatal(err)
	}
	if p := e.scrub.read(); p.Damaged != 2 || len(files(t, dir, "quarantine/*")) != 1 {
		t.Errorf("%+v, %v in quarantine", p, files(t, dir, "quarantine/*"))
	}
}

// A layout that a policy had when a body was stored stays the body's.
func TestRowLayout(t *testing.T) {
	for _, c := range []struct {
		p    meta.Placement
		want blob.Layout
	}{
		{meta.Placement{}, blob.Layout{Copies: 1}},
		{meta.Placement{Devices: []device.Index{4}}, blob.Layout{Copies: 1}},
		{meta.Placement{Devices: []device.Index{4, 5}}, blob.Layout{Copies: 2}},
		{meta.Placement{DataFragments: 4, Devices: []device.Index{1, 2, 3, 4, 5, 6}}, blob.Layout{Data: 4, Parity: 2}},
	} {
		row := meta.ObjectRow{Placement: c.p}
		if got := rowLayout(&row); got != c.want {
			t.Errorf("%+v: %v, want %v", c.p, got, c.want)
		}
		if c.p.Devices != nil {
			if got := placementOf(c.want, c.p.Devices); !got.Equal(&c.p) {
				t.Errorf("%v: %+v, want %+v", c.want, got, c.p)
			}
		}
	}
}
