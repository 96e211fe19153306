// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"needletail/objstore"
	"needletail/objstore/datafile"
	"needletail/objstore/datafolder"
	"needletail/objstore/device"
	"needletail/objstore/fsck"
	"needletail/objstore/meta"
)

// loseRows takes the rows of objects away, as damage of the index does, and
// leaves their files.
func loseRows(t *testing.T, e *Engine, names ...objstore.ObjectName) {
	t.Helper()
	for _, name := range names {
		row, found, err := e.db.Object(box.Object(name))
		if err != nil || !found {
			t.Fatal(found, err)
		}
		if err := e.removeRowOnly(box.Object(name), &row); err != nil {
			t.Fatal(err)
		}
	}
	e.messy.Store(true) // the next start looks for files without a row
}

// removeRowOnly takes an object's row and counts away, and leaves its file.
func (e *Engine) removeRowOnly(o objstore.ObjectID, row *meta.ObjectRow) error {
	b := e.db.NewBatch()
	b.DeleteObject(o)
	b.DropBody(row)
	for _, d := range row.Placement.Slots() {
		if d != device.None {
			b.DoneGC(d, row.ID)
		}
	}
	change := meta.Counts{Objects: -1, Bytes: -row.Info.SizeBytes}
	b.AddContainer(o.ContainerID(), change)
	b.AddAccount(o.Account, row.Policy, change)
	return b.Commit(true)
}

// wantBodies reads objects; sizes are those of randomBody, by the seed.
func wantBodies(t *testing.T, e *Engine, seeds map[objstore.ObjectName]uint64, size int) {
	t.Helper()
	for name, seed := range seeds {
		if body, err := get(e, name); err != nil || !bytes.Equal(body, randomBody(seed, size)) {
			t.Errorf("%s: %d bytes, %v", name, len(body), err)
		}
	}
}

// warnings collects the messages of a level or above.
type warnings struct {
	slog.Handler
	messages *[]string
}

func (w warnings) Handle(_ context.Context, r slog.Record) error {
	if r.Level >= slog.LevelWarn {
		*w.messages = append(*w.messages, r.Message)
	}
	return nil
}
func (w warnings) Enabled(context.Context, slog.Level) bool { return true }

// openIdleTest opens the store in "store" without anything that works beside.
func openIdleTest(t *testing.T, o Options) *Engine {
	t.Helper()
	return must[*Engine](t)(openIdle("store", quiet(o)))
}

func darkFiles(t *testing.T, dev *device.Device) (n int) {
	t.Helper()
	if err := dev.WalkDark(func(device.DarkFile) error { n++; return nil }); err != nil {
		t.Fatal(err)
	}
	return n
}

// Files that no row names are kept, counted and told, and a repair makes them
// objects again, with exact counters.
func TestDarkDataIsKept(t *testing.T) {
	mem := vfs.NewCrashableMem()
	e := openTest(t, "store", Options{FS: roomy(mem)})
	makeBox(t, e)
	seeds := map[objstore.ObjectName]uint64{"kept": 1, "x": 2, "y": 3}
	for name, seed := range seeds {
		put(t, e, name, randomBody(seed, 100_000))
	}
	loseRows(t, e, "x", "y")
	crashed := roomy(mem.CrashClone(vfs.CrashCloneCfg{}))
	closeTest(t, e)
	o := quiet(Options{FS: crashed})
	var told []string
	o.Logger = slog.New(warnings{slog.DiscardHandler, &told})
	e, err := Open("store", o)
	if err != nil {
		t.Fatal(err)
	}
	if len(told) != 1 {
		t.Errorf("told %q", told)
	}
	if _, err := e.dark.pass(ctx); err != nil {
		t.Error(err)
	}
	if m, s := e.Metrics(), e.Status().Dark; m.DarkFound != 2 || m.DarkFiles != 2 || m.DarkBytes < 200_000 ||
		m.DarkRemoved != 0 || s.Files != 2 || s.Bytes != m.DarkBytes || s.OldestSeconds == 0 {
		t.Errorf("%+v, %+v", m, s)
	}
	wantBodies(t, e, map[objstore.ObjectName]uint64{"kept": 1}, 100_000)
	wantTidy(t, e, "after the crash")
	if kinds, r := checkTest(t, e, "", o, fsck.CheckOptions{}); !equalKinds(kinds, map[string]int{fsck.KindDark: 1}) ||
		r.DarkFiles != 2 || r.DarkBytes < 200_000 || r.Damage != 0 || r.Chores != 1 {
		t.Errorf("%v, %+v", kinds, r)
	}
	closeTest(t, e)
	listed := map[objstore.ObjectName]int64{}
	do := fsck.DarkOptions{DryRun: true, Restored: func(o objstore.ObjectID, n int64) { listed[o.Object] += n }}
	for _, dry := range []bool{true, false} {
		do.DryRun = dry
		r, err := RepairDark(ctx, "store", quiet(Options{FS: crashed}), do)
		if err != nil || r.Files != 2 || r.Restored != 2 || r.Replaced+r.Slots+r.Superseded+r.Incomplete+r.Damaged+r.Containers != 0 {
			t.Errorf("dry run %v: %+v, %v", dry, r, err)
		}
	}
	if len(listed) != 2 || listed["x"] != 200_000 || listed["y"] != 200_000 {
		t.Errorf("listed %v", listed)
	}
	e = openTest(t, "store", Options{FS: crashed})
	defer closeTest(t, e)
	wantBodies(t, e, seeds, 100_000)
	if n := darkFiles(t, e.dev); n != 0 {
		t.Errorf("%d files are left in quarantine", n)
	}
	wantTidy(t, e, "repaired")
	if kinds, _ := checkTest(t, e, "", o, fsck.CheckOptions{ReadData: true}); len(kinds) != 0 {
		t.Errorf("repaired: %v", kinds)
	}
}

// Dark data leave when they are older than the limit and not before, or never.
func TestDarkDataAge(t *testing.T) {
	for _, c := range []struct {
		limit, age time.Duration
		kept       int
	}{
		{DarkDataAge, DarkDataAge - time.Hour, 1},
		{DarkDataAge, DarkDataAge + 3*time.Hour, 0},
		{time.Hour, 4 * time.Hour, 0},
		{-1, 10_000 * time.Hour, 1},
	} {
		e := openTest(t, "store", Options{FS: memFS(), DarkDataAge: c.limit})
		makeBox(t, e)
		put(t, e, "x", randomBody(1, 100_000))
		row, _, err := e.db.Object(box.Object("x"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := e.dev.SetAside(device.ID(row.ID), time.Now().Add(-c.age)); err != nil {
			t.Fatal(err)
		}
		if _, err := e.dark.pass(ctx); err != nil {
			t.Error(err)
		}
		if n, m := darkFiles(t, e.dev), e.Metrics(); n != c.kept || m.DarkRemoved != int64(1-c.kept) || m.DarkFiles != int64(c.kept) {
			t.Errorf("%+v: %d kept, %d removed, %d counted", c, n, m.DarkRemoved, m.DarkFiles)
		}
		closeTest(t, e)
	}
}

// The newest whole body of a name comes back, over an older row alone; what is
// damaged or older stays in quarantine until it is discarded.
func TestRepairDarkChooses(t *testing.T) {
	fs := memFS()
	o := Options{FS: fs, GCEvery: time.Hour}
	e := openIdleTest(t, o) // no collection of the files that are replaced
	makeBox(t, e)
	for seed := range uint64(3) { // three versions of each
		for _, name := range []objstore.ObjectName{"older row", "newer row", "no row", "damaged"} {
			put(t, e, name, randomBody(seed+1, 100_000))
		}
	}
	alone := objstore.ContainerID{Account: "AUTH_new", Container: "lost"}
	must[bool](t)(e.PutContainer(ctx, alone, objstore.PutContainerOptions{}))
	must[objstore.ObjectInfo](t)(e.PutObject(ctx, alone.Object("o"), bytes.NewReader(randomBody(9, 100_000)), objstore.PutOptions{SizeBytes: 100_000}))
	closeTest(t, e)

	e = openIdleTest(t, o)
	forgetQueue(t, e)
	keepVersion(t, e, "older row", 0)
	keepVersion(t, e, "no row", -1)
	path := keepVersion(t, e, "damaged", -1)
	breakFooter(t, fs, path)
	row, _, err := e.db.Object(alone.Object("o"))
	if err != nil {
		t.Fatal(err)
	}
	if err := e.removeRowOnly(alone.Object("o"), &row); err != nil {
		t.Fatal(err)
	}
	b := e.db.NewBatch()
	b.DeleteContainer(alone)
	b.DeleteAccount(alone.Account, []objstore.PolicyIndex{0})
	if err := b.Commit(true); err != nil {
		t.Fatal(err)
	}
	e.messy.Store(true)
	closeTest(t, e)

	r, err := RepairDark(ctx, "store", quiet(o), fsck.DarkOptions{})
	// Of the thirteen files one is that of the newer row and one that of the older.
	want := fsck.DarkReport{Files: 11, Bytes: r.Bytes, Restored: 4, Replaced: 1, Containers: 1, Superseded: 6, Damaged: 1, DamagedFiles: r.DamagedFiles, Took: r.Took}
	if err != nil || len(r.DamagedFiles) != 1 || r.Bytes < 1_100_000 {
		t.Errorf("%+v, %v", r, err)
	}
	r.DamagedFiles = want.DamagedFiles
	if !equalReports(r, want) {
		t.Errorf("%+v, want %+v", r, want)
	}
	e = openTest(t, "store", Options{FS: fs})
	wantBodies(t, e, map[objstore.ObjectName]uint64{"older row": 3, "newer row": 3, "no row": 3, "damaged": 2}, 100_000)
	if info, err := e.HeadObject(ctx, alone.Object("o"), objstore.OpenOptions{}); err != nil || info.SizeBytes != 100_000 {
		t.Error(info, err)
	}
	wantTidy(t, e, "repaired")
	closeTest(t, e)
	for _, dry := range []bool{true, false} {
		if r, err := RepairDark(ctx, "store", quiet(o), fsck.DarkOptions{Discard: true, DryRun: dry}); err != nil || r.Files != 7 || r.Discarded != 7 {
			t.Errorf("discard, dry %v: %+v, %v", dry, r, err)
		}
	}
	e = openTest(t, "store", Options{FS: fs})
	defer closeTest(t, e)
	if n := darkFiles(t, e.dev); n != 0 {
		t.Errorf("%d files are left", n)
	}
	wantTidy(t, e, "discarded")
}

func equalReports(a, b fsck.DarkReport) bool {
	a.DamagedFiles, b.DamagedFiles = nil, nil
	return a.Files == b.Files && a.Bytes == b.Bytes && a.Restored == b.Restored && a.Replaced == b.Replaced && a.Slots == b.Slots &&
		a.Containers == b.Containers && a.Superseded == b.Superseded && a.Incomplete == b.Incomplete && a.Damaged == b.Damaged && a.Discarded == b.Discarded
}

// forgetQueue takes all files off the queue of removals and leaves them.
func forgetQueue(t *testing.T, e *Engine) {
	t.Helper()
	b := e.db.NewBatch()
	if err := e.db.GCQueue(func(d device.Index, id meta.FileID, _ meta.GCRow) error { b.DoneGC(d, id); return nil }); err != nil {
		t.Fatal(err)
	}
	if err := b.Commit(true); err != nil {
		t.Fatal(err)
	}
}

// keepVersion makes the n-th version of an object its row again, or for -1
// none, and gives the path of the newest version's file.
func keepVersion(t *testing.T, e *Engine, name objstore.ObjectName, n int) string {
	t.Helper()
	row, found, err := e.db.Object(box.Object(name))
	if err != nil || !found {
		t.Fatal(found, err)
	}
	id := device.ID(row.ID).String()
	path := "store/data/" + id[:2] + "/" + id[2:4] + "/" + id
	loseRows(t, e, name)
	if n < 0 {
		return path
	}
	var oldest *meta.ObjectRow
	if err := e.dev.Walk(func(id device.ID) error {
		r, err := datafile.Open(e.dev, id)
		if err != nil {
			return err
		}
		f := r.Footer()
		if f.Object == box.Object(name) && (oldest == nil || f.Info.Modified < oldest.Info.Modified) {
			row := meta.ObjectRow{Info: f.Info, Policy: f.Policy, Place: meta.PlaceFile, ID: meta.FileID(id)}
			oldest = &row
		}
		return r.Close()
	}); err != nil {
		t.Fatal(err)
	}
	if err := e.replaceObject(box.Object(name), oldest, nil, nil); err != nil {
		t.Fatal(err)
	}
	return path
}

// breakFooter flips a bit in the last bytes of a file.
func breakFooter(t *testing.T, fs vfs.FS, path string) {
	t.Helper()
	b := must[[]byte](t)(datafolder.ReadFile(fs, path, 1<<30))
	b[len(b)-10] ^= 1
	f := must[vfs.File](t)(fs.Create(path, vfs.WriteCategoryUnspecified))
	if _, err := f.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		t.Fatal(err)
	}
}

// The files of one body on several devices come back as one object, and a file
// that only its row's placement lacks comes back to it.
func TestRepairDarkOnDevices(t *testing.T) {
	for name, policy := range map[string]objstore.Policy{
		"copies":    {Name: "p", Default: true, Copies: 3},
		"fragments": {Name: "p", Default: true, DataFragments: 2, ParityFragments: 1},
	} {
		t.Run(name, func(t *testing.T) {
			o := onDevices(memFS(), "d1", "d2", "d3")
			o.Policies, o.DarkDataAge = objstore.Policies{policy}, -1
			e := openIdleTest(t, o)
			makeBox(t, e)
			for i, name := range []objstore.ObjectName{"whole", "one slot", "too few"} {
				put(t, e, name, randomBody(uint64(i+1), 300_000))
			}
			loseRows(t, e, "whole")
			row, _, err := e.db.Object(box.Object("one slot"))
			if err != nil {
				t.Fatal(err)
			}
			lost := row.Placement.Devices[0]
			row.Placement.Devices[0] = device.None
			b := e.db.NewBatch()
			b.SetObject(box.Object("one slot"), &row)
			if err := b.Commit(true); err != nil {
				t.Fatal(err)
			}
			few, _, err := e.db.Object(box.Object("too few"))
			if err != nil {
				t.Fatal(err)
			}
			loseRows(t, e, "too few")
			for _, i := range few.Placement.Devices[1:] {
				if err := e.remove(few.ID, i); err != nil {
					t.Fatal(err)
				}
			}
			closeTest(t, e)
			r, err := RepairDark(ctx, "store", quiet(o), fsck.DarkOptions{})
			restored, incomplete := int64(1), int64(1)
			if policy.Copies > 0 {
				restored, incomplete = 2, 0
			}
			if err != nil || r.Files != 5 || r.Slots != 1 || r.Restored != restored || r.Incomplete != incomplete || r.Superseded+r.Damaged != 0 {
				t.Errorf("%+v, %v", r, err)
			}
			e = openTest(t, "store", o)
			defer closeTest(t, e)
			wantBodies(t, e, map[objstore.ObjectName]uint64{"whole": 1, "one slot": 2}, 300_000)
			for name, slots := range map[objstore.ObjectName]int{"whole": 3, "one slot": 3} {
				row, _, err := e.db.Object(box.Object(name))
				if err != nil || row.Placement.Missing() != 0 || len(row.Placement.Devices) != slots {
					t.Errorf("%s: %+v, %v", name, row.Placement, err)
				}
			}
			if row, _, _ := e.db.Object(box.Object("one slot")); !row.Placement.Holds(lost) {
				t.Errorf("%v does not hold %v", row.Placement, lost)
			}
			wantRecount(t, e)
		})
	}
}
