// SPDX-License-Identifier: Apache-2.0

package twin

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"needletail/objstore/durable"
)

func fillTest(t testing.TB, db *DB) {
	t.Helper()
	if err := db.Fill(t.Context(), nil); err != nil {
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
		want := dumpOf(t, db.first)
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
	db = openOne(t, fs, "one")
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
	if got, err := version(db, "new"); err != nil || got < 0 {
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
		db := openOne(t, fs, dir)
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

func TestOtherOwnerIsRefused(t *testing.T) {
	fs := vfs.NewMem()
	for _, dir := range []string{"one", "two"} {
		db := openOne(t, fs, dir)
		b := db.NewBatch()
		if err := errors.Join(b.Set(ownerKey, []byte(dir), nil), db.Commit(b, true)); err != nil {
			t.Fatal(err)
		}
		closeTest(t, db)
	}
	if _, err := Open(mirrored(fs)); !errors.Is(err, ErrOtherOwner) {
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
		if got, err := version(db, "before"); err != nil || got < 0 {
			t.Error(got, err)
		}
		if c := db.Copies(); c.InStep || c.Reading == dir || db.Sealed() != nil {
			t.Errorf("%s failed: %+v, sealed %v", dir, c, db.Sealed())
		}
		want := dumpOf(t, db.reader.Load())
		toggle.Off()
		err := db.Fill(t.Context(), nil)
		if dir == "one" && !errors.Is(err, ErrFillLater) || dir == "two" && err != nil {
			t.Errorf("fill of %s: %v", dir, err)
		}
		closeTest(t, db)
		db = openCopies(t, mem)
		fillTest(t, db)
		wantEqualCopies(t, db, dir+" failed, opened again")
		if dumpOf(t, db.first) != want {
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
	db, err := Open(mirrored(fs))
	if err != nil {
		t.Fatal(err)
	}
	toggle.On()
	for i := range rows {
		if got, err := version(db, fmt.Sprint("o", i)); err != nil || got < 0 {
			t.Error(i, got, err)
		}
	}
	_ = ScanPrefix(db.Source(), []byte("o"), func(_, _ []byte) error { return nil }) // may fail once
	n := 0
	if err := ScanPrefix(db.Source(), []byte("o"), func(_, _ []byte) error { n++; return nil }); err != nil || n != rows {
		t.Error(n, err)
	}
	if c := db.Copies(); c.Reading != "two" {
		t.Errorf("%+v", c)
	}
	toggle.Off()
	_ = db.Close() // may repeat an error of the lost copy
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
		o.Database.HangLimit = 20 * time.Millisecond
		db, err := Open(o)
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
		_ = db.Close()
		o.Database.HangLimit = time.Minute
		if db, err = Open(o); err != nil {
			t.Fatal(err)
		}
		fillTest(t, db)
		wantEqualCopies(t, db, dir+" hung")
		if got, err := version(db, "o4"); err != nil || got < 0 {
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
	o.Sealed = func(error) { fatal.Add(1) }
	db, err := Open(o)
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
		t.Errorf("Sealed was called %d times", fatal.Load())
	}
	_ = db.Close()
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
				gone := fmt.Sprint("o/o", int64(w)*500+i%500)
				if err := errors.Join(b.Delete([]byte(gone), nil), db.Commit(b, true)); err != nil {
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
