package meta

import (
	"log/slog"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"go.uber.org/goleak"
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

func commit(t testing.TB, db *DB, change func(*Batch)) {
	t.Helper()
	b := db.NewBatch()
	change(b)
	if err := b.Commit(true); err != nil {
		t.Fatal(err)
	}
}
