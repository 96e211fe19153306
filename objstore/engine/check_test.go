package engine

import (
	"errors"
	"os"
	"testing"

	"needletail/objstore"
	"needletail/objstore/datafolder"
	"needletail/objstore/device"
	"needletail/objstore/fsck"
	"needletail/objstore/meta"
)

// found runs a check, of the open store or of the closed one.
func checkTest(t testing.TB, e *Engine, dir string, o Options, co fsck.CheckOptions) (kinds map[string]int, r fsck.CheckReport) {
	t.Helper()
	kinds = map[string]int{}
	co.Found = func(f fsck.Finding) { kinds[f.Kind]++ }
	var err error
	if e != nil {
		r, err = e.Check(ctx, co)
	} else {
		r, err = fsck.CheckClosed(ctx, folder(dir, o), co)
	}
	if err != nil {
		t.Fatal(err)
	}
	return kinds, r
}

func dataPath(t testing.TB, e *Engine, dir string, name objstore.ObjectName) (string, meta.ObjectRow) {
	t.Helper()
	row, found, err := e.db.Object(box.Object(name))
	if err != nil || !found {
		t.Fatal(found, err)
	}
	id := device.ID(row.ID).String()
	return dir + "/data/" + id[:2] + "/" + id[2:4] + "/" + id, row
}

func flip(t testing.TB, path string, at int64) {
	t.Helper()
	b := must[[]byte](t)(os.ReadFile(path))
	if at < 0 {
		at += int64(len(b))
	}
	b[at] ^= 1
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// A check finds each fault, once, and nothing where there is none.
func TestCheckFindsEachFault(t *testing.T) {
	dir := t.TempDir()
	o := Options{InlineMaxBytes: 4096}
	e := openTest(t, dir, o)
	makeBox(t, e)
	for i, name := range []objstore.ObjectName{"whole", "gone", "flipped", "footless", "stray", "small"} {
		size := 10_000
		if name == "small" {
			size = 100
		}
		put(t, e, name, randomBody(uint64(i+1), size))
	}
	must[objstore.ObjectInfo](t)(e.PostObject(ctx, box.Object("small"), objstore.PostOptions{DeleteAt: 1 << 40}))
	closeTest(t, e)
	for _, deep := range []bool{false, true} {
		kinds, r := checkTest(t, nil, dir, o, fsck.CheckOptions{ReadData: deep})
		if len(kinds) != 0 || r.Damage+r.Chores != 0 || r.Files != 5 || deep != (r.BytesRead == 50_100) {
			t.Errorf("a sound store, read data %v: %v, %+v", deep, kinds, r)
		}
	}
	e = openTest(t, dir, o)
	if kinds, r := checkTest(t, e, "", o, fsck.CheckOptions{ReadData: true}); len(kinds) != 0 || r.BodiesRead != 6 {
		t.Errorf("a sound store at work: %v, %+v", kinds, r)
	}
	spoilStore(t, e, dir)
	want := map[string]int{fsck.KindMissing: 1, fsck.KindCorrupt: 3, fsck.KindIndex: 3}
	if kinds, _ := checkTest(t, e, "", o, fsck.CheckOptions{ReadData: true}); !equalKinds(kinds, want) {
		t.Errorf("at work: %v, want %v", kinds, want)
	}
	want[fsck.KindCorrupt] = 1 // the flipped bodies show only when they are read
	if kinds, _ := checkTest(t, e, "", o, fsck.CheckOptions{}); !equalKinds(kinds, want) {
		t.Errorf("without reading: %v, want %v", kinds, want)
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
	want[fsck.KindCorrupt], want[fsck.KindOrphan] = 3, 1
	if err := os.WriteFile(dir+"/data/aa/bb/aabb0000000000000000000000000000", []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	kinds, r := checkTest(t, nil, dir, o, fsck.CheckOptions{ReadData: true})
	if !equalKinds(kinds, want) || r.Damage != 7 || r.Chores != 1 {
		t.Errorf("closed: %v, want %v; %+v", kinds, want, r)
	}
}

func equalKinds(a, b map[string]int) bool {
	for k, n := range b {
		if a[k] != n {
			return false
		}
	}
	return len(a) == len(b)
}

// spoilStore makes one fault of each sort that an open store can have.
func spoilStore(t testing.TB, e *Engine, dir string) {
	t.Helper()
	gone, _ := dataPath(t, e, dir, "gone")
	if err := os.Remove(gone); err != nil {
		t.Fatal(err)
	}
	flipped, _ := dataPath(t, e, dir, "flipped")
	flip(t, flipped, 5000)
	footless, _ := dataPath(t, e, dir, "footless")
	flip(t, footless, -10)
	if err := os.MkdirAll(dir+"/data/aa/bb", 0o750); err != nil {
		t.Fatal(err)
	}
	small, found, err := e.db.Object(box.Object("small"))
	if err != nil || !found {
		t.Fatal(found, err)
	}
	b := e.db.NewBatch()
	b.SetInline(small.ID, randomBody(99, 100))
	b.AddContainer(box, meta.Counts{Objects: 1}) // two findings: the account's is off too
	b.DeleteExpiry(1<<40, box.Object("small"))
	if err := b.Commit(true); err != nil {
		t.Fatal(err)
	}
}

// The parts of a check are all of it.
func TestCheckParts(t *testing.T) {
	dir := t.TempDir()
	o := Options{InlineMaxBytes: 4096}
	e := openTest(t, dir, o)
	defer closeTest(t, e)
	makeBox(t, e)
	for i := range 40 {
		put(t, e, objstore.ObjectName(rune('a'+i)), randomBody(uint64(i+1), 3000+i%2*3000))
	}
	sum := int64(0)
	for part := range 3 {
		_, r := checkTest(t, e, "", o, fsck.CheckOptions{ReadData: true, Part: part + 1, Parts: 3})
		if r.BodiesRead == 0 || r.BodiesRead == 40 {
			t.Errorf("part %d has %d of 40 bodies", part, r.BodiesRead)
		}
		sum += r.BodiesRead
	}
	if sum != 40 {
		t.Errorf("the parts have %d of 40 bodies", sum)
	}
}

func TestCheckOfClosedStores(t *testing.T) {
	dir := t.TempDir()
	if _, err := fsck.CheckClosed(ctx, folder(dir+"/nothing", Options{}), fsck.CheckOptions{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no store: %v", err)
	}
	e := openTest(t, dir, Options{})
	defer closeTest(t, e)
	if _, err := fsck.CheckClosed(ctx, folder(dir, Options{}), fsck.CheckOptions{}); !errors.Is(err, datafolder.ErrLocked) {
		t.Errorf("a store in use: %v", err)
	}
}

// A copy of the index that is not in step is a chore of the store.
func TestCheckComparesCopies(t *testing.T) {
	dir := t.TempDir()
	o := onDevices(nil, dir+"/d1", dir+"/d2")
	e := openTest(t, dir+"/store", o)
	waitInStep(t, e)
	makeBox(t, e)
	closeTest(t, e)
	if kinds, r := checkTest(t, nil, dir+"/store", o, fsck.CheckOptions{}); len(kinds) != 0 || r.IndexCopies != 2 || r.Devices != 3 {
		t.Errorf("in step: %v, %+v", kinds, r)
	}
	if err := removeLike(dir+"/d1/"+datafolder.SecondName+"/"+datafolder.IndexName, "MANIFEST"); err != nil {
		t.Fatal(err)
	}
	if kinds, r := checkTest(t, nil, dir+"/store", o, fsck.CheckOptions{}); kinds[fsck.KindCopy] != 1 || r.Damage != 0 {
		t.Errorf("a copy that cannot be read: %v, %+v", kinds, r)
	}
}
