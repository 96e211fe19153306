// SPDX-License-Identifier: Apache-2.0

package twin

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"go.uber.org/goleak"

	"needletail/objstore/durable"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The keys of the test's databases:
//
//	'C'        sum of the versions of all rows, merged
//	'j' slot   journal
//	'o' '/' …  rows: the version as a uvarint
//	's' …      control
var (
	sumKey   = []byte("C")
	wholeKey = []byte("swhole")
	ownerKey = []byte("sowner")
	clockKey = []byte("sclock")
)

func testFormat() Format {
	return Format{
		Control: []byte("s"), State: []byte("scopy"), Journal: []byte("j"),
		Look: func(from Source) (h Head, err error) {
			if _, h.Complete, err = Value(from, wholeKey, nil); err != nil {
				return h, err
			}
			owner, _, err := Value(from, ownerKey, nil)
			h.Owner = string(owner)
			if err != nil {
				return h, err
			}
			b, _, err := Value(from, clockKey, nil)
			clock, _ := binary.Uvarint(b)
			h.Clock = int64(clock)
			return h, err
		},
		Create: func(b *pebble.Batch) error { return b.Set(wholeKey, nil, nil) },
	}
}

// sums adds up the values of sumKey, and keeps the greatest value of clockKey.
var sums = &pebble.Merger{
	Name: "needletail.test",
	Merge: func(key, value []byte) (pebble.ValueMerger, error) {
		m := &sum{greatest: string(key) == string(clockKey)}
		return m, m.MergeNewer(value)
	},
}

type sum struct {
	greatest bool
	n        uint64
}

func (m *sum) MergeNewer(value []byte) error {
	v, _ := binary.Uvarint(value)
	if m.greatest {
		m.n = max(m.n, v)
	} else {
		m.n += v
	}
	return nil
}

func (m *sum) MergeOlder(value []byte) error { return m.MergeNewer(value) }

func (m *sum) Finish(bool) ([]byte, io.Closer, error) {
	return binary.AppendUvarint(nil, m.n), nil, nil
}

func mirrored(fs vfs.FS) Options {
	return Options{
		First: Place{FS: fs, Dir: "one"}, Second: Place{FS: fs, Dir: "two"}, Format: testFormat(),
		Database: durable.Options{
			Name: "test", Logger: slog.New(slog.DiscardHandler), HangLimit: time.Minute, OpenFilesMax: 100,
			Pebble: pebble.Options{MemTableSize: 1 << 20, FormatMajorVersion: pebble.FormatNewest, Merger: sums},
		},
	}
}

func openCopies(t testing.TB, fs vfs.FS) *DB {
	t.Helper()
	db, err := Open(mirrored(fs))
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// openOne opens one copy without the other.
func openOne(t testing.TB, fs vfs.FS, dir string) *DB {
	t.Helper()
	o := mirrored(fs)
	o.First.Dir, o.Second = dir, Place{}
	db, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func closeTest(t testing.TB, db *DB) {
	t.Helper()
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}

// putTest writes version n of a row, and merges n into the sum and the clock.
func putTest(db *DB, name string, n int64) error {
	b := db.NewBatch()
	value := binary.AppendUvarint(nil, uint64(n))
	err := errors.Join(b.Set([]byte("o/"+name), value, nil), b.Merge(sumKey, value, nil), b.Merge(clockKey, value, nil))
	return errors.Join(err, db.Commit(b, true))
}

// version returns the version of a row, or -1 if there is no row.
func version(db *DB, name string) (int64, error) {
	b, found, err := Value(db.Source(), []byte("o/"+name), nil)
	if err != nil || !found {
		return -1, err
	}
	n, _ := binary.Uvarint(b)
	return int64(n), nil
}

// dumpOf returns a sum over all keys but the control keys and the journal.
func dumpOf(t testing.TB, s *side) string {
	t.Helper()
	h := fnv.New128a()
	if err := Scan(s.source(), nil, nil, func(k, value []byte) error {
		if k[0] != 's' && k[0] != 'j' {
			fmt.Fprintf(h, "%q %x\n", k, value)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

func wantEqualCopies(t testing.TB, db *DB, what string) {
	t.Helper()
	if c := db.Copies(); !c.InStep {
		t.Errorf("%s: the copies are not in step: %+v", what, c)
		return
	}
	if dumpOf(t, db.first) != dumpOf(t, db.second) {
		t.Errorf("%s: the copies differ", what)
	}
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
