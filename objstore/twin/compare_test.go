// SPDX-License-Identifier: Apache-2.0

package twin

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"needletail/objstore/durable"
)

// damageTables overwrites a block in the middle of each large table in dir.
func damageTables(t *testing.T, fs *vfs.MemFS, dir string) {
	t.Helper()
	names, err := fs.List(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range names {
		if !strings.HasSuffix(n, ".sst") {
			continue
		}
		f, err := fs.OpenReadWrite(fs.PathJoin(dir, n), vfs.WriteCategoryUnspecified)
		if err != nil {
			t.Fatal(err)
		}
		info, err := f.Stat()
		if err == nil && info.Size() > 100_000 {
			_, err = f.WriteAt(make([]byte, 64), info.Size()/2)
		}
		if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
			t.Fatal(err)
		}
	}
}

// A copy with damaged tables is given up by Compare, whichever copy it is, and the
// rows are read from the other copy.
func TestCompareFindsDamage(t *testing.T) {
	for _, dir := range []string{"one", "two"} {
		fs := vfs.NewMem()
		db := openCopies(t, fs)
		rng := rand.NewChaCha8([32]byte{1})
		for i := range int64(100) {
			body := make([]byte, 2000) // of blocks that Open does not read
			_, _ = rng.Read(body)
			b := db.NewBatch()
			err := errors.Join(b.Set(fmt.Appendf(nil, "p%d", i), body, nil), db.Commit(b, true), putTest(db, fmt.Sprint("o", i), i))
			if err != nil {
				t.Fatal(err)
			}
		}
		closeTest(t, db)
		db = openCopies(t, fs)
		if err := db.Compare(); err != nil || !db.Copies().InStep {
			t.Errorf("two good copies: %v, %+v", err, db.Copies())
		}
		closeTest(t, db)
		damageTables(t, fs, dir)
		o := mirrored(fs)
		var told error
		o.Lost = func(err error) { told = err }
		db, err := Open(o)
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Compare(); err != nil {
			t.Error(err)
		}
		if c := db.Copies(); c.InStep || c.Reading == dir || told == nil {
			t.Errorf("%s is damaged: %+v, told %v", dir, c, told)
		}
		for i := range int64(100) {
			if got, err := version(db, fmt.Sprint("o", i)); got != i || err != nil {
				t.Errorf("%s is damaged: version %d of %d, %v", dir, got, i, err)
			}
		}
		if dir == "two" {
			fillTest(t, db)
			wantEqualCopies(t, db, "filled")
		}
		_ = db.Close() // may repeat the damage
	}
}

// A copy that differs without a reason is set aside, not removed.
func TestCompareFindsADifference(t *testing.T) {
	for _, change := range []func(*pebble.Batch) error{
		func(b *pebble.Batch) error { return b.Set([]byte("o/a"), []byte{9}, nil) },
		func(b *pebble.Batch) error { return b.Set([]byte("o/b"), []byte{1}, nil) },
		func(b *pebble.Batch) error { return b.Delete([]byte("o/a"), nil) },
	} {
		fs := vfs.NewMem()
		db := openCopies(t, fs)
		if err := putTest(db, "a", 1); err != nil {
			t.Fatal(err)
		}
		closeTest(t, db)
		o := mirrored(fs).Database
		o.FS = fs
		raw, err := durable.Open("two", o)
		if err != nil {
			t.Fatal(err)
		}
		b := raw.NewBatch()
		if err := errors.Join(change(b), raw.Commit(b, true), raw.Close()); err != nil {
			t.Fatal(err)
		}
		db = openCopies(t, fs)
		if err := db.Compare(); err != nil {
			t.Error(err)
		}
		if c := db.Copies(); c.InStep || !errors.Is(c.Lost, errDiffer) {
			t.Errorf("%+v", c)
		}
		fillTest(t, db)
		wantEqualCopies(t, db, "filled")
		if _, err := fs.Stat("two.aside.0"); err != nil {
			t.Error("the copy was not set aside", err)
		}
		if got, err := version(db, "a"); got != 1 || err != nil {
			t.Errorf("version %d, %v", got, err)
		}
		closeTest(t, db)
	}
}

// Without CreateAlone a new first copy is refused beside a second copy that cannot
// be opened.
func TestCreateAlone(t *testing.T) {
	for _, alone := range []bool{false, true} {
		fs, toggle := failing(vfs.NewMem(), "two", true)
		toggle.On()
		o := mirrored(fs)
		o.CreateAlone = alone
		db, err := Open(o)
		if (err == nil) != alone {
			t.Errorf("alone is %v: %v", alone, err)
		}
		if err != nil {
			continue
		}
		if err := putTest(db, "a", 1); err != nil || db.Copies().InStep {
			t.Errorf("%v, %+v", err, db.Copies())
		}
		if err := db.Fill(t.Context(), nil); err == nil {
			t.Error("the broken copy was filled")
		}
		toggle.Off()
		fillTest(t, db)
		wantEqualCopies(t, db, "filled")
		closeTest(t, db)
	}
}

// Abandon ends a commit that waits for a disk.
func TestAbandonEndsCommits(t *testing.T) {
	for _, second := range []string{"", "two"} {
		var hang atomic.Bool
		hanging, release := make(chan struct{}, 1), make(chan struct{})
		fs := errorfs.Wrap(vfs.NewMem(), errorfs.InjectorFunc(func(op errorfs.Op) error {
			if hang.Load() && op.Kind == errorfs.OpFileSyncData {
				select {
				case hanging <- struct{}{}:
				default:
				}
				<-release
			}
			return nil
		}))
		o := mirrored(fs)
		o.Second.Dir, o.Database.SealHung = second, true
		db, err := Open(o)
		if err != nil {
			t.Fatal(err)
		}
		hang.Store(true)
		done := make(chan error, 1)
		go func() { done <- putTest(db, "a", 1) }()
		<-hanging
		db.Abandon(io.ErrClosedPipe)
		if err := <-done; !errors.Is(err, ErrSealed) || !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("second %q: %v", second, err)
		}
		hang.Store(false)
		close(release)
		_ = db.Close() // the database is sealed
	}
}
