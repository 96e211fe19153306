package meta

import (
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"needletail/objstore"
)

// TestTablesOfBodiesHoldNoRows flushes and compacts rows and bodies, and looks
// at what lies in one table with what.
func TestTablesOfBodiesHoldNoRows(t *testing.T) {
	db := openTest(t, vfs.NewMem())
	defer closeTest(t, db)
	for i := range 10 {
		commit(t, db, func(b *Batch) {
			row := ObjectRow{Place: PlaceInline, Info: objstore.ObjectInfo{SizeBytes: 4, ETag: "841a2d689ad86bd1611447453c22c6fc"}}
			binary.BigEndian.PutUint64(row.ID[:], uint64(i))
			b.SetObject(box.Object(objstore.ObjectName(fmt.Sprint(i))), &row)
			b.SetInline(row.ID, []byte("body"))
			b.AddContainer(box, Counts{Objects: 1})
		})
		if err := db.main.pebble.Flush(); err != nil {
			t.Fatal(err)
		}
		checkTablesOfBodies(t, db)
	}
	if err := db.main.pebble.Compact(t.Context(), []byte("A"), []byte("z"), false); err != nil {
		t.Fatal(err)
	}
	checkTablesOfBodies(t, db)
}

func checkTablesOfBodies(t *testing.T, db *DB) {
	t.Helper()
	levels, err := db.main.pebble.SSTables()
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
