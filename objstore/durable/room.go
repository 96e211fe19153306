package durable

import (
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
)

// A commit that finds the memtable full begins another, and may wait there for
// flushes and compactions; commits behind it wait too. A batch that fits into the
// memtable is committed by its caller. A goroutine for each batch costs a PUT of
// 4 KiB by 16 clients 15 % more processor, for the wake-ups.

const (
	// entryBytes is what an entry of a batch takes in a memtable beside its key
	// and value: a node of a skip list has 20 bytes and, on the average, two links
	// of 8, and there are bytes for alignment.
	entryBytes = 64
	// roomPercent is how much of a memtable is filled so. The rest is for commits
	// that are under way, and small memtables leave too little for them.
	roomPercent       = 90
	roomMemTableBytes = 16 << 20
)

// room counts what was committed since the memtable was begun.
type room struct {
	used  atomic.Int64 // bytes
	limit int64
}

// init is for memtables of so many bytes.
func (r *room) init(memTableBytes uint64) {
	if memTableBytes >= roomMemTableBytes {
		r.limit = int64(memTableBytes) / 100 * roomPercent
	}
}

// take says whether a batch fits.
func (r *room) take(b *pebble.Batch) bool {
	return r.used.Add(int64(b.Len())+entryBytes*int64(b.Count())) < r.limit
}

// begin begins with an empty memtable: each has a log of its own.
func (r *room) begin(pebble.WALCreateInfo) { r.used.Store(0) }
