// SPDX-License-Identifier: Apache-2.0

package meta

import (
	"context"
	"errors"
	"log/slog"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"go.uber.org/goleak"

	"needletail/objstore/durable"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func openTest(t testing.TB, fs vfs.FS) *DB {
	t.Helper()
	db, err := Open("index", Options{FS: fs, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func closeTest(t testing.TB, db *DB) {
	t.Helper()
	if err := db.Close(true); err != nil {
		t.Error(err)
	}
}

// onDatabase closes the index, lets work use the database below, and opens the
// index again.
func onDatabase(t testing.TB, fs vfs.FS, db *DB, work func(*durable.DB) error) *DB {
	t.Helper()
	closeTest(t, db)
	raw, err := durable.Open("index", quietDatabase(fs))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(work(raw), raw.Close()); err != nil {
		t.Fatal(err)
	}
	return openTest(t, fs)
}

// compact moves all keys to the lowest level.
func compact(d *durable.DB) error {
	return errors.Join(d.Flush(), d.Compact(context.Background(), []byte("A"), []byte("z"), false))
}

func commit(t testing.TB, db *DB, change func(*Batch)) {
	t.Helper()
	b := db.NewBatch()
	change(b)
	if err := b.Commit(true); err != nil {
		t.Fatal(err)
	}
}
