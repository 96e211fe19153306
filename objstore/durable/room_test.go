package durable

import (
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// A batch that may not fit into the memtable is not committed by its caller, and
// with a new memtable there is room again.
func TestRoom(t *testing.T) {
	const bytes = 1 << 20
	var small, large room
	small.init(roomMemTableBytes - 1)
	large.init(roomMemTableBytes)
	db, err := pebble.Open("", &pebble.Options{FS: vfs.NewMem()})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	b := db.NewBatch()
	defer b.Close()
	if err := b.Set([]byte("k"), make([]byte, bytes), nil); err != nil {
		t.Fatal(err)
	}
	if small.take(b) {
		t.Error("a small memtable has room")
	}
	fit := 0
	for large.take(b) {
		fit++
	}
	if most := roomMemTableBytes / bytes * roomPercent / 100; fit > most || fit < most-1 {
		t.Errorf("%d batches of 1 MiB fit, want %d", fit, most)
	}
	large.begin(pebble.WALCreateInfo{})
	if !large.take(b) {
		t.Error("a new memtable has no room")
	}
}
