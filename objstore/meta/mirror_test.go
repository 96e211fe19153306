package meta

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"needletail/objstore"
	"needletail/objstore/durable"
)

func mirrored(fs vfs.FS) Options {
	return Options{FS: fs, Logger: slog.New(slog.DiscardHandler), MemTableBytes: 1 << 20,
		Mirror: &Mirror{Dir: "two", HangLimit: time.Minute}}
}

func openCopies(t testing.TB, fs vfs.FS) *DB {
	t.Helper()
	db, err := Open("one", mirrored(fs))
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// putTest writes version n of an object, its inline body and the counters.
func putTest(db *DB, name string, n int64) error {
	row := sampleRows()[0]
	row.Info.SizeBytes = n
	row.ID = FileID{15: byte(n), 14: byte(n >> 8), 0: name[0], 1: name[len(name)-1]}
	b := db.NewBatch()
	b.SetObject(box.Object(objstore.ObjectName(name)), &row)
	b.SetInline(row.ID, []byte(name))
	b.AddContainer(box, Counts{Objects: 1, Bytes: n})
	b.SetClock(objstore.Timestamp(n))
	return b.Commit(true)
}

func dumpOf(t testing.TB, s *side) string {
	t.Helper()
	_, sum, err := View{plain{s.pebble}}.DumpSum()
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

func wantEqualCopies(t testing.TB, db *DB, what string) {
	t.Helper()
	if c := db.Copies(); !c.InStep {
		t.Errorf("%s: the copies are not in step: %+v", what, c)
		return
	}
	if dumpOf(t, db.main) != dumpOf(t, db.mirror) {
		t.Errorf("%s: the copies differ", what)
	}
}

func fillTest(t testing.TB, db *DB) {
	t.Helper()
	if err := db.Fill(t.Context(), func(int64, int64) {}); err != nil {
		t.Fatal(err)
	}
}

func TestCopiesStayInStep(t *testing.T) {
	fs := vfs.NewMem()
	db := openCopies(t, fs)
	for i := range int64(3 * journalSlots / 2) {
		if err := putTest(db, fmt.Sprint("o", i%50), i); err != nil {
			t.Fatal(err)
		}
	}
	wantEqualCopies(t, db, "after writes")
	closeTest(t, db)
	db = openCopies(t, fs)
	if !db.WasClean() {
		t.Error("the clean stop was forgotten")
	}
	wantEqualCopies(t, db, "after a restart")
	closeTest(t, db)
}

// The loss of either copy's disk loses nothing, and a refill makes it whole.
func TestLostDisk(t *testing.T) {
	for _, dir := range []string{"one", "two"} {
		fs := vfs.NewMem()
		db := openCopies(t, fs)
		for i := range int64(100) {
			if err := putTest(db, fmt.Sprint("o", i), i); err != nil {
				t.Fatal(err)
			}
		}
		want := dumpOf(t, db.main)
		closeTest(t, db)
		if err := fs.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		db = openCopies(t, fs)
		if db.Copies().InStep || dumpOf(t, db.reader.Load()) != want {
			t.Errorf("%s lost: in step %v, or the content is another", dir, db.Copies().InStep)
		}
		// Writes while it is alone, and after the fill.
		if err := putTest(db, "alone", 7); err != nil {
			t.Error(err)
		}
		fillTest(t, db)
		wantEqualCopies(t, db, dir+" lost, filled")
		if err := putTest(db, "both", 8); err != nil {
			t.Error(err)
		}
		wantEqualCopies(t, db, dir+" lost, written again")
		closeTest(t, db)
		db = openCopies(t, fs)
		wantEqualCopies(t, db, dir+" lost, opened again")
		closeTest(t, db)
	}
}

// A copy that was away comes back stale: the other one is right.
func TestStaleCopyIsFilled(t *testing.T) {
	fs := vfs.NewMem()
	db := openCopies(t, fs)
	if err := putTest(db, "old", 1); err != nil {
		t.Fatal(err)
	}
	closeTest(t, db)
	alone := mirrored(fs)
	alone.Mirror = nil
	db, err := Open("one", alone)
	if err != nil {
		t.Fatal(err)
	}
	if err := putTest(db, "new", 2); err != nil {
		t.Fatal(err)
	}
	closeTest(t, db)
	db = openCopies(t, fs)
	if c := db.Copies(); c.InStep || c.Reading != "one" || !errors.Is(c.Lost, errStale) {
		t.Errorf("%+v", c)
	}
	fillTest(t, db)
	wantEqualCopies(t, db, "filled")
	if _, found, err := db.Object(box.Object("new")); err != nil || !found {
		t.Error("what was written alone is gone", err)
	}
	closeTest(t, db)
}

// Copies that went on alone each disagree: the newer one is served, the other
// is put aside.
func TestSplitCopiesArePutAside(t *testing.T) {
	fs := vfs.NewMem()
	closeTest(t, openCopies(t, fs))
	for i, dir := range []string{"one", "two"} {
		o := mirrored(fs)
		o.Mirror = nil
		db, err := Open(dir, o)
		if err != nil {
			t.Fatal(err)
		}
		if err := putTest(db, dir, int64(i+1)); err != nil {
			t.Fatal(err)
		}
		closeTest(t, db)
	}
	db := openCopies(t, fs)
	if c := db.Copies(); c.InStep || c.Reading != "two" || !errors.Is(c.Lost, errDisagree) {
		t.Errorf("%+v", c)
	}
	fillTest(t, db)
	wantEqualCopies(t, db, "filled")
	closeTest(t, db)
	if _, err := fs.Stat("one.aside.0"); err != nil {
		t.Error("the other copy was not put aside", err)
	}
}

// A copy that is an old backup shows it, though it does not know.
func TestOldBackupIsNoticed(t *testing.T) {
	fs := vfs.NewMem()
	db := openCopies(t, fs)
	if err := putTest(db, "a", 1); err != nil {
		t.Fatal(err)
	}
	closeTest(t, db)
	if ok, err := vfs.Clone(fs, fs, "two", "backup"); !ok || err != nil {
		t.Fatal(err)
	}
	f := func(writes int, inStep bool) {
		t.Helper()
		db := openCopies(t, fs)
		for i := range writes {
			if err := putTest(db, fmt.Sprint("b", i%300), int64(i+2)); err != nil {
				t.Fatal(err)
			}
		}
		closeTest(t, db)
		if err := fs.RemoveAll("two"); err != nil {
			t.Fatal(err)
		}
		if ok, err := vfs.Clone(fs, fs, "backup", "two"); !ok || err != nil {
			t.Fatal(err)
		}
		db = openCopies(t, fs)
		if got := db.Copies().InStep; got != inStep {
			t.Errorf("%d writes later: in step is %v", writes, got)
		}
		fillTest(t, db)
		wantEqualCopies(t, db, "filled")
		closeTest(t, db)
	}
	f(500, true) // fewer than the journal tells apart: the keys are copied
	f(batchesMax, false)
}

func TestOtherStoreIsRefused(t *testing.T) {
	fs := vfs.NewMem()
	for _, dir := range []string{"one", "two"} {
		o := mirrored(fs)
		o.Mirror = nil
		db, err := Open(dir, o)
		if err != nil {
			t.Fatal(err)
		}
		if err := db.SetStoreID(dir); err != nil {
			t.Fatal(err)
		}
		closeTest(t, db)
	}
	if _, err := Open("one", mirrored(fs)); !errors.Is(err, ErrOtherStore) {
		t.Errorf("opened: %v", err)
	}
}

// failing makes writes or all calls below dir fail while it is on.
func failing(fs vfs.FS, dir string, reads bool) (vfs.FS, *errorfs.Toggle) {
	toggle := &errorfs.Toggle{Injector: errorfs.InjectorFunc(func(op errorfs.Op) error {
		if !strings.HasPrefix(op.Path, dir) || !reads && op.Kind.ReadOrWrite() == errorfs.OpIsRead {
			return nil
		}
		return errorfs.ErrInjected
	})}
	return errorfs.Wrap(fs, toggle), toggle
}

// A copy whose disk fails at run time is given up without an error for anyone.
func TestDiskFailsAtRunTime(t *testing.T) {
	for _, dir := range []string{"one", "two"} {
		mem := vfs.NewMem()
		fs, toggle := failing(mem, dir, true)
		db := openCopies(t, fs)
		if err := putTest(db, "before", 1); err != nil {
			t.Fatal(err)
		}
		toggle.On()
		for i := range int64(10) {
			if err := putTest(db, fmt.Sprint("o", i), i); err != nil {
				t.Errorf("%s failed: %v", dir, err)
			}
		}
		if _, found, err := db.Object(box.Object("before")); err != nil || !found {
			t.Error(found, err)
		}
		if c := db.Copies(); c.InStep || c.Reading == dir || db.Sealed() != nil {
			t.Errorf("%s failed: %+v, sealed %v", dir, c, db.Sealed())
		}
		want := dumpOf(t, db.reader.Load())
		toggle.Off()
		err := db.Fill(t.Context(), func(int64, int64) {})
		if dir == "one" && !errors.Is(err, ErrFillLater) || dir == "two" && err != nil {
			t.Errorf("fill of %s: %v", dir, err)
		}
		closeTest(t, db)
		db = openCopies(t, mem)
		fillTest(t, db)
		wantEqualCopies(t, db, dir+" failed, opened again")
		if dumpOf(t, db.main) != want {
			t.Errorf("%s failed: the content changed", dir)
		}
		closeTest(t, db)
	}
}

// A copy whose disk cannot be read is given up: the lookup is answered by the
// other one.
func TestUnreadableCopy(t *testing.T) {
	mem := vfs.NewMem()
	fs, toggle := failing(mem, "one", true)
	db := openCopies(t, fs)
	const rows = 1000 // many blocks, not all of which an open reads
	for i := range int64(rows) {
		if err := putTest(db, fmt.Sprint("o", i), i); err != nil {
			t.Fatal(err)
		}
	}
	closeTest(t, db)
	db, err := Open("one", mirrored(fs))
	if err != nil {
		t.Fatal(err)
	}
	toggle.On()
	for i := range rows {
		if _, found, err := db.Object(box.Object(objstore.ObjectName(fmt.Sprint("o", i)))); err != nil || !found {
			t.Error(i, found, err)
		}
	}
	_ = db.Objects(func(objstore.ObjectID, ObjectRow) error { return nil }) // may fail once
	n := 0
	if err := db.Objects(func(objstore.ObjectID, ObjectRow) error { n++; return nil }); err != nil || n != rows {
		t.Error(n, err)
	}
	if c := db.Copies(); c.Reading != "two" {
		t.Errorf("%+v", c)
	}
	toggle.Off()
	_ = db.Close(true) // may repeat an error of the lost copy
}

// A copy whose disk hangs is given up after a while; the other one answers.
func TestDiskHangs(t *testing.T) {
	for _, dir := range []string{"one", "two"} {
		var hang atomic.Bool
		release := make(chan struct{})
		fs := errorfs.Wrap(vfs.NewMem(), errorfs.InjectorFunc(func(op errorfs.Op) error {
			if hang.Load() && strings.HasPrefix(op.Path, dir) && op.Kind.ReadOrWrite() == errorfs.OpIsWrite {
				<-release
			}
			return nil
		}))
		o := mirrored(fs)
		o.Mirror.HangLimit = 20 * time.Millisecond
		db, err := Open("one", o)
		if err != nil {
			t.Fatal(err)
		}
		hang.Store(true)
		for i := range int64(5) {
			if err := putTest(db, fmt.Sprint("o", i), i); err != nil {
				t.Errorf("%s hangs: %v", dir, err)
			}
		}
		if c := db.Copies(); c.Reading == dir || !errors.Is(c.Lost, durable.ErrHung) {
			t.Errorf("%s hangs: %+v", dir, c)
		}
		hang.Store(false)
		close(release)
		_ = db.Close(true)
		o.Mirror.HangLimit = time.Minute
		if db, err = Open("one", o); err != nil {
			t.Fatal(err)
		}
		fillTest(t, db)
		wantEqualCopies(t, db, dir+" hung")
		if _, found, err := db.Object(box.Object("o4")); err != nil || !found {
			t.Errorf("%s hung: an acknowledged row is gone, %v", dir, err)
		}
		closeTest(t, db)
	}
}

// Nobody may be told of success once both copies failed.
func TestBothDisksFail(t *testing.T) {
	fs, toggle := failing(vfs.NewMem(), "", false)
	var fatal atomic.Int64
	o := mirrored(fs)
	o.Fatal = func(error) { fatal.Add(1) }
	db, err := Open("one", o)
	if err != nil {
		t.Fatal(err)
	}
	toggle.On()
	for range 3 {
		if err := putTest(db, "o", 1); !errors.Is(err, ErrSealed) {
			t.Errorf("commit: %v", err)
		}
	}
	toggle.Off()
	if fatal.Load() != 1 {
		t.Errorf("Fatal was called %d times", fatal.Load())
	}
	_ = db.Close(true)
}

// Writers work on while a copy is filled, and nothing of theirs is missing.
func TestFillWhileWriting(t *testing.T) {
	fs := vfs.NewMem()
	db := openCopies(t, fs)
	for i := range int64(2000) {
		if err := putTest(db, fmt.Sprint("o", i), i); err != nil {
			t.Fatal(err)
		}
	}
	closeTest(t, db)
	if err := fs.RemoveAll("two"); err != nil {
		t.Fatal(err)
	}
	db = openCopies(t, fs)
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := int64(0); ctx.Err() == nil; i++ {
				if err := putTest(db, fmt.Sprint(w, "/", i%100), i); err != nil {
					t.Error(err)
				}
				b := db.NewBatch()
				b.DeleteObject(box.Object(objstore.ObjectName(fmt.Sprint("o", int64(w)*500+i%500))))
				if err := b.Commit(true); err != nil {
					t.Error(err)
				}
			}
		})
	}
	fillTest(t, db)
	stop()
	wg.Wait()
	wantEqualCopies(t, db, "filled under writers")
	closeTest(t, db)
}

// ledger knows, by name, the last version that was acknowledged and the last
// that was asked for.
type ledger struct {
	mu           sync.Mutex // protects the maps
	acked, asked map[string]int64
}

func (l *ledger) clone() (acked map[string]int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	acked = map[string]int64{}
	for k, v := range l.acked {
		acked[k] = v
	}
	return acked
}

// TestCopiesCrash cuts the power at random calls of the file system, also
// between the two copies' commits, takes one disk away at times, and looks at
// what the next Open finds: every acknowledged version or a later one, and two
// equal copies.
func TestCopiesCrash(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	for round := range uint64(4) {
		copiesCrash(t, seed+round)
	}
}

func copiesCrash(t *testing.T, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 1))
	mem := vfs.NewCrashableMem()
	l := &ledger{acked: map[string]int64{}, asked: map[string]int64{}}
	type crash struct {
		fs    *vfs.MemFS
		acked map[string]int64
	}
	var mu sync.Mutex // protects crashes and rng
	var crashes []crash
	fs := errorfs.Wrap(mem, errorfs.InjectorFunc(func(op errorfs.Op) error {
		mu.Lock()
		defer mu.Unlock()
		if op.Kind.ReadOrWrite() == errorfs.OpIsWrite && len(crashes) < 20 && rng.IntN(15) == 0 {
			acked := l.clone() // before the clone: all of it must be in there
			clone := mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: []int{0, 50, 100}[rng.IntN(3)], RNG: rng})
			crashes = append(crashes, crash{clone, acked})
		}
		return nil
	}))
	db := openCopies(t, fs)
	mu.Lock()
	crashes = nil // the store must be there
	mu.Unlock()
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := int64(1); i <= 60; i++ {
				name := fmt.Sprint(w, "/", i%7)
				l.mu.Lock()
				l.asked[name] = i
				l.mu.Unlock()
				if err := putTest(db, name, i); err != nil {
					t.Errorf("seed %d: %v", seed, err)
				}
				l.mu.Lock()
				l.acked[name] = i
				l.mu.Unlock()
			}
		})
	}
	wg.Wait()
	closeTest(t, db)
	for i, c := range crashes {
		what := fmt.Sprintf("seed %d, crash %d", seed, i)
		if lost := rng.IntN(4); lost < 2 {
			if err := c.fs.RemoveAll([]string{"one", "two"}[lost]); err != nil {
				t.Fatal(err)
			}
			what += fmt.Sprint(", lost ", lost)
		}
		checkCopies(t, c.fs, c.acked, what)
	}
}

func checkCopies(t *testing.T, fs vfs.FS, acked map[string]int64, what string) {
	t.Helper()
	db, err := Open("one", mirrored(fs))
	if err != nil {
		t.Errorf("%s: %v", what, err)
		return
	}
	defer closeTest(t, db)
	fillTest(t, db)
	wantEqualCopies(t, db, what)
	for name, n := range acked {
		row, found, err := db.Object(box.Object(objstore.ObjectName(name)))
		if err != nil || !found || row.Info.SizeBytes < n {
			t.Errorf("%s: %q has version %d, found %v, %v; %d was acknowledged", what, name, row.Info.SizeBytes, found, err, n)
		}
	}
	if err := putTest(db, "after", 1); err != nil {
		t.Errorf("%s: %v", what, err)
	}
	wantEqualCopies(t, db, what+", written again")
}

func FuzzCopyState(f *testing.F) {
	f.Add(appendCopyState(nil, copyState{7, true}))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := parseCopyState(b)
		if err != nil {
			return
		}
		if again, err := parseCopyState(appendCopyState(nil, s)); err != nil || again != s {
			t.Errorf("%v came back as %v, %v", s, again, err)
		}
		_ = touchedKeys(b, func([]byte) error { return nil })
	})
}
