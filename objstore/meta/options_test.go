// SPDX-License-Identifier: Apache-2.0

package meta

import (
	"encoding/binary"
	"fmt"
	"log/slog"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"needletail/objstore"
	"needletail/objstore/durable"
)

// TestTablesOfBodiesHoldNoRows flushes and compacts rows and bodies, and looks
// at what lies in one table with what.
func TestTablesOfBodiesHoldNoRows(t *testing.T) {
	fs := vfs.NewMem()
	db := openTest(t, fs)
	for i := range 10 {
		commit(t, db, func(b *Batch) {
			row := ObjectRow{Place: PlaceInline, Info: objstore.ObjectInfo{SizeBytes: 4, ETag: "841a2d689ad86bd1611447453c22c6fc"}}
			binary.BigEndian.PutUint64(row.ID[:], uint64(i))
			b.SetObject(box.Object(objstore.ObjectName(fmt.Sprint(i))), &row)
			b.SetInline(row.ID, []byte("body"))
			b.AddContainer(box, Counts{Objects: 1})
		})
		db = onDatabase(t, fs, db, func(d *durable.DB) error {
			err := d.Flush()
			checkTablesOfBodies(t, d)
			return err
		})
	}
	db = onDatabase(t, fs, db, func(d *durable.DB) error {
		err := compact(d)
		checkTablesOfBodies(t, d)
		return err
	})
	closeTest(t, db)
}

func checkTablesOfBodies(t *testing.T, db *durable.DB) {
	t.Helper()
	levels, err := db.SSTables()
	if err != nil {
		t.Fatal(err)
	}
	bodies, rows := 0, 0
	for _, level := range levels {
		for _, table := range level {
			first, last := table.Smallest.UserKey, table.Largest.UserKey
			switch {
			case first[0] > prefixInline || last[0] < prefixInline:
				rows++
			case first[0] == prefixInline && last[0] == prefixInline:
				bodies++
			default:
				t.Errorf("a table reaches from %q to %q", first, last)
			}
		}
	}
	if bodies == 0 || rows == 0 {
		t.Errorf("%d tables of bodies, %d of rows", bodies, rows)
	}
}

// The memtables do not take the block cache's memory.
func TestBlocksAreCached(t *testing.T) {
	o := Options{FS: vfs.NewMem(), Logger: slog.New(slog.DiscardHandler), CacheBytes: 1 << 20, MemTableBytes: 1 << 20}
	db, err := Open("index", o)
	if err != nil {
		t.Fatal(err)
	}
	body := make([]byte, 32<<10)
	for i := range 4 << 20 / len(body) { // the first memtables are smaller
		commit(t, db, func(b *Batch) {
			row := ObjectRow{Place: PlaceInline, Info: objstore.ObjectInfo{ETag: "d41d8cd98f00b204e9800998ecf8427e"}}
			binary.BigEndian.PutUint64(row.ID[:], uint64(i))
			b.SetInline(row.ID, body)
			b.SetObject(box.Object(objstore.ObjectName(fmt.Sprint(i))), &row)
			b.AddContainer(box, Counts{Objects: 1})
		})
	}
	closeTest(t, db) // writes tables
	if db, err = Open("index", o); err != nil {
		t.Fatal(err)
	}
	defer closeTest(t, db)
	for i := range 4 << 20 / len(body) { // memtables as large as before
		commit(t, db, func(b *Batch) { b.SetInline(FileID{1, 15: byte(i)}, body) })
	}
	for range 2 {
		if _, ok, err := db.Object(box.Object("0")); err != nil || !ok {
			t.Fatalf("row: %v %v", ok, err)
		}
	}
	if m := db.Metrics(); m.BlockCache.Size == 0 || m.BlockCache.Hits == 0 {
		t.Errorf("the cache holds %d bytes and was hit %d times", m.BlockCache.Size, m.BlockCache.Hits)
	}
}
