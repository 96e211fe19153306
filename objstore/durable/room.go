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
	// roomPercent is how much of a memtable is filled so. A begin that overlaps a
	// take may lose the batch of that take, and the rest makes up for the loss.
	roomPercent       = 98
	roomMemTableBytes = 16 << 20
)

// room counts what is committed to the memtable of now. Batches that are under
// way when a memtable begins count for the new one: Pebble may put them there.
type room struct {
	used     atomic.Int64 // bytes
	underWay atomic.Int64 // bytes that were taken and whose commit has not ended
	limit    int64
}

// init is for memtables of so many bytes.
func (r *room) init(memTableBytes uint64) {
	if memTableBytes >= roomMemTableBytes {
		r.limit = int64(memTableBytes) / 100 * roomPercent
	}
}

// take counts a batch of so many bytes, which end ends, and says whether the
// batch fits.
func (r *room) take(bytes int64) bool {
	r.underWay.Add(bytes)
	return r.used.Add(bytes) < r.limit
}

// end ends the commit of a batch of so many bytes.
func (r *room) end(bytes int64) { r.underWay.Add(-bytes) }

// begin begins with an empty memtable: each has a log of its own.
func (r *room) begin(pebble.WALCreateInfo) { r.used.Store(r.underWay.Load()) }

// memTableBytes is at least what a batch takes in a memtable.
func memTableBytes(b *pebble.Batch) int64 { return int64(b.Len()) + entryBytes*int64(b.Count()) }
