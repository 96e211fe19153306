// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"errors"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"needletail/objstore"
	"needletail/objstore/datafolder"
	"needletail/objstore/durable"
	"needletail/objstore/fsck"
	"needletail/objstore/replacefile"
)

// Notes stay, are in both copies, and go when they are asked to.
func TestNotes(t *testing.T) {
	fs := memFS()
	o := onDevices(fs, "d1", "d2")
	open := func() *Engine { return must[*Engine](t)(openIdle("store", quiet(o))) }
	e := open()
	if e.Noted("identity") {
		t.Error("noted before it was made")
	}
	if err := e.Note("identity", "keys"); err != nil {
		t.Fatal(err)
	}
	closeTest(t, e)
	e = open()
	if !e.Noted("identity") || !e.Noted("keys") || !e.Noted(datafolder.RingNote(datafolder.RingFile(0))) {
		t.Error("the notes are wrong")
	}
	closeTest(t, e)
	if err := fs.RemoveAll("store"); err != nil { // the disk is lost
		t.Fatal(err)
	}
	e = open()
	if !e.Noted("identity") || !e.Noted("keys") {
		t.Errorf("the second copy gave %v", "are wrong")
	}
	if err := e.Forget("identity"); err != nil {
		t.Fatal(err)
	}
	closeTest(t, e)
	e = open()
	if e.Noted("identity") || !e.Noted("keys") {
		t.Error("the notes are wrong")
	}
	closeTest(t, e)
}

func noted(t *testing.T, fs vfs.FS) *Engine {
	t.Helper()
	e := openTest(t, "store", Options{FS: fs})
	if err := e.Note("identity"); err != nil {
		t.Fatal(err)
	}
	return e
}

// A lost needletail.json comes back from device.json; a lost device.json too.
func TestLostIdentityFiles(t *testing.T) {
	fs := memFS()
	e := noted(t, fs)
	id := e.ID()
	makeBox(t, e)
	put(t, e, "o", randomBody(1, 100_000))
	closeTest(t, e)
	for _, name := range []string{"needletail.json", "device.json"} {
		if err := fs.Remove("store/" + name); err != nil {
			t.Fatal(err)
		}
		e = openTest(t, "store", Options{FS: fs})
		if e.ID() != id {
			t.Errorf("%s: the store is %s, was %s", name, e.ID(), id)
		}
		wantBodies(t, e, map[objstore.ObjectName]uint64{"o": 1}, 100_000)
		closeTest(t, e)
	}
}

// A ring that is lost, damaged or of another store is refused until rings are
// made anew; one that was never noted is made.
func TestLostRingIsRefused(t *testing.T) {
	fs := memFS()
	path := "store/" + datafolder.RingName + "/" + datafolder.RingFile(0)
	o := onDevices(fs, "d1", "d2")
	makeRing := func(dir string, o Options) []byte {
		closeTest(t, must[*Engine](t)(openIdle(dir, quiet(o))))
		return must[[]byte](t)(datafolder.ReadFile(fs, dir+"/"+datafolder.RingName+"/"+datafolder.RingFile(0), ringBytesMax))
	}
	mine, foreign := makeRing("store", o), makeRing("other", onDevices(fs, "e1", "e2"))
	cut := mine[:len(mine)/2]
	for name, content := range map[string][]byte{"lost": nil, "foreign": foreign, "cut": cut} {
		if err := fs.Remove(path); err != nil {
			t.Fatal(err)
		}
		if content != nil {
			if err := replacefile.Write(fs, "store/"+datafolder.RingName+"/"+datafolder.RingFile(0), content); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 {
			if _, err := Open("store", quiet(o)); !errors.Is(err, datafolder.ErrRing) || !errors.Is(err, datafolder.ErrForeign) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := replacefile.Write(fs, "store/"+datafolder.RingName+"/"+datafolder.RingFile(0), mine); err != nil {
			t.Fatal(err)
		}
	}
	if err := fs.Remove(path); err != nil {
		t.Fatal(err)
	}
	if moved, err := fsck.NewRings(folder("store", o)); err != nil || len(moved) != 2 {
		t.Errorf("moved %v, %v", moved, err)
	}
	makeRing("store", o)
}

// An index with a damaged manifest is refused before Pebble removes what the
// manifest does not name, or made anew from its second copy.
func TestDamagedManifest(t *testing.T) {
	for name, o := range map[string]Options{"alone": {FS: memFS()}, "twice": onDevices(memFS(), "d1", "d2")} {
		t.Run(name, func(t *testing.T) {
			for range 2 { // the second start flushes what the first one wrote
				e := must[*Engine](t)(openIdle("store", quiet(o)))
				if !o.several() {
					makeBox(t, e)
					put(t, e, "o", randomBody(1, 100_000))
				} else if err := e.fillMirror(ctx); err != nil {
					t.Fatal(err)
				}
				makeBox(t, e)
				put(t, e, "o", randomBody(1, 100_000))
				closeTest(t, e)
			}
			names := must[[]string](t)(o.FS.List("store/" + datafolder.IndexName))
			for _, n := range names {
				if len(n) < 8 || n[:8] != "MANIFEST" {
					continue
				}
				b := must[[]byte](t)(datafolder.ReadFile(o.FS, "store/"+datafolder.IndexName+"/"+n, 1<<30))
				b[len(b)/2] ^= 1
				if err := replacefile.Write(o.FS, "store/"+datafolder.IndexName+"/"+n, b); err != nil {
					t.Fatal(err)
				}
			}
			if !o.several() {
				if _, err := Open("store", quiet(o)); !errors.Is(err, datafolder.ErrIndex) || !errors.Is(err, durable.ErrDamaged) {
					t.Errorf("got %v", err)
				}
				if _, err := fsck.CheckClosed(ctx, folder("store", o), fsck.CheckOptions{}); !errors.Is(err, datafolder.ErrIndex) {
					t.Errorf("check: %v", err)
				}
				after := must[[]string](t)(o.FS.List("store/" + datafolder.IndexName))
				if len(after) != len(names) {
					t.Errorf("files %v, were %v", after, names)
				}
				r, err := fsck.Rebuild(ctx, folder("store", o), fsck.RebuildOptions{})
				if err != nil || r.Exact {
					t.Errorf("%+v, %v", r, err)
				}
			}
			e := openTest(t, "store", o)
			defer closeTest(t, e)
			wantBodies(t, e, map[objstore.ObjectName]uint64{"o": 1}, 100_000)
			wantRecount(t, e)
		})
	}
}

func (o *Options) several() bool { return len(o.Devices) > 0 }

// An index that was made and is gone is refused, though no data file is there
// to tell of it.
func TestLostIndexOfSmallObjects(t *testing.T) {
	fs := memFS()
	e := openTest(t, "store", Options{FS: fs})
	makeBox(t, e)
	put(t, e, "small", []byte("x"))
	closeTest(t, e)
	if err := fs.RemoveAll("store/" + datafolder.IndexName); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := Open("store", quiet(Options{FS: fs})); !errors.Is(err, datafolder.ErrIndex) || !errors.Is(err, datafolder.ErrForeign) {
			t.Errorf("got %v", err)
		}
	}
	if _, err := fsck.Rebuild(ctx, folder("store", Options{FS: fs}), fsck.RebuildOptions{}); err != nil {
		t.Fatal(err)
	}
	closeTest(t, openTest(t, "store", Options{FS: fs}))
}

// A repair of a folder without a store makes none.
func TestRepairOfNothing(t *testing.T) {
	fs := memFS()
	if err := fs.MkdirAll("empty", 0o700); err != nil {
		t.Fatal(err)
	}
	o := quiet(Options{FS: fs})
	_, rebuild := fsck.Rebuild(ctx, o.Folder("empty"), fsck.RebuildOptions{})
	_, dark := RepairDark(ctx, "empty", o, fsck.DarkOptions{})
	_, rings := fsck.NewRings(o.Folder("empty"))
	for _, err := range []error{rebuild, dark, rings} {
		if !isNotExist(err) {
			t.Errorf("got %v", err)
		}
	}
	if names := must[[]string](t)(fs.List("empty")); len(names) != 0 {
		t.Errorf("made %v", names)
	}
}
