// SPDX-License-Identifier: Apache-2.0

package durable

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// testOptions are those of a database whose memtable is soon full.
func testOptions(fs vfs.FS) Options {
	return Options{
		Name: "test", FS: fs, Logger: slog.New(slog.DiscardHandler), OpenFilesMax: 64, HangLimit: 5 * time.Second,
		Pebble: pebble.Options{MemTableSize: 256 << 10, MemTableStopWritesThreshold: 3, FormatMajorVersion: pebble.FormatValueSeparation},
	}
}

func openTest(t testing.TB, fs vfs.FS) *DB {
	t.Helper()
	d, err := Open("db", testOptions(fs))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func closeTest(t testing.TB, d *DB) {
	t.Helper()
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}

func put(d *DB, key int, value []byte) error {
	b := d.NewBatch()
	if err := b.Set(fmt.Appendf(nil, "%06d", key), value, nil); err != nil {
		return err
	}
	return d.Commit(b, true)
}

func has(t testing.TB, d *DB, key int) bool {
	t.Helper()
	_, closer, err := d.Get(fmt.Appendf(nil, "%06d", key))
	if err == pebble.ErrNotFound {
		return false
	}
	if err != nil {
		t.Fatal(err)
	}
	return closer.Close() == nil
}
