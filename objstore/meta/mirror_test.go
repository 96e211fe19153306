// SPDX-License-Identifier: Apache-2.0

package meta

import (
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"needletail/objstore"
	"needletail/objstore/twin"
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

// dumpOf returns a sum over the index in dir, which is closed.
func dumpOf(t testing.TB, fs vfs.FS, dir string) string {
	t.Helper()
	db, err := OpenReadOnly(fs, dir)
	if err != nil {
		t.Fatal(err)
	}
	_, sum, err := db.DumpSum()
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	return sum
}

// fillAndClose fills a lost copy, closes the index, and compares the copies.
func fillAndClose(t testing.TB, fs vfs.FS, db *DB, what string) {
	t.Helper()
	if err := db.Fill(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if c := db.Copies(); !c.InStep {
		t.Errorf("%s: the copies are not in step: %+v", what, c)
	}
	closeTest(t, db)
	if dumpOf(t, fs, "one") != dumpOf(t, fs, "two") {
		t.Errorf("%s: the copies differ", what)
	}
}

// Merged counters, rows and bodies are equal in both copies, and an orderly stop is
// remembered.
func TestCopiesStayInStep(t *testing.T) {
	fs := vfs.NewMem()
	db := openCopies(t, fs)
	for i := range int64(500) {
		if err := putTest(db, fmt.Sprint("o", i%50), i); err != nil {
			t.Fatal(err)
		}
	}
	fillAndClose(t, fs, db, "after writes")
	if db = openCopies(t, fs); !db.WasClean() {
		t.Error("the orderly stop was forgotten")
	}
	fillAndClose(t, fs, db, "after a restart")
}

// The loss of either disk loses nothing, and a fill makes the copy whole.
func TestLostDisk(t *testing.T) {
	for _, dir := range []string{"one", "two"} {
		fs := vfs.NewMem()
		db := openCopies(t, fs)
		for i := range int64(100) {
			if err := putTest(db, fmt.Sprint("o", i), i); err != nil {
				t.Fatal(err)
			}
		}
		closeTest(t, db)
		want := dumpOf(t, fs, "one")
		if err := fs.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		db = openCopies(t, fs)
		if db.Copies().InStep {
			t.Errorf("%s lost: the copies are in step", dir)
		}
		fillAndClose(t, fs, db, dir+" lost, filled")
		if got := dumpOf(t, fs, "one"); got != want {
			t.Errorf("%s lost: the content changed", dir)
		}
	}
}

// A copy of a newer format is refused, though the other copy could serve.
func TestNewerCopyIsRefused(t *testing.T) {
	for _, dir := range []string{"one", "two"} {
		fs := vfs.NewMem()
		closeTest(t, openCopies(t, fs))
		o := mirrored(fs)
		o.Mirror = nil
		db, err := Open(dir, o)
		if err != nil {
			t.Fatal(err)
		}
		if err := db.change(func(b *pebble.Batch) error {
			return b.Set([]byte(keyVersion), binary.AppendUvarint(nil, schemaVersion+1), nil)
		}); err != nil {
			t.Fatal(err)
		}
		closeTest(t, db)
		if _, err := Open("one", mirrored(fs)); !errors.Is(err, ErrVersion) {
			t.Errorf("%s is newer: %v", dir, err)
		}
	}
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
	if _, err := Open("one", mirrored(fs)); !errors.Is(err, twin.ErrOtherOwner) {
		t.Errorf("opened: %v", err)
	}
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
	for name, n := range acked {
		row, found, err := db.Object(box.Object(objstore.ObjectName(name)))
		if err != nil || !found || row.Info.SizeBytes < n {
			t.Errorf("%s: %q has version %d, found %v, %v; %d was acknowledged", what, name, row.Info.SizeBytes, found, err, n)
		}
	}
	if err := putTest(db, "after", 1); err != nil {
		t.Errorf("%s: %v", what, err)
	}
	fillAndClose(t, fs, db, what)
}
