// SPDX-License-Identifier: Apache-2.0

package durable

import (
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
)

// A commit into a full memtable begins another memtable, and may wait there for
// flushes and compactions; commits behind it wait too. The caller commits a
// batch that fits into the memtable. A goroutine for each batch costs a PUT of
// 4 KiB by 16 clients 15 % more processor, for the wake-ups.

const (
	// entryBytes is the memory of an entry in a memtable beside its key and
	// value: a node of a skip list has 20 bytes and, on the average, two links
	// of 8, and there are bytes for alignment.
	entryBytes = 64
	// roomPercent is how much of a memtable callers fill. A begin during a take
	// may lose the batch of the take, and the rest makes up for the loss.
	roomPercent       = 98
	roomMemTableBytes = 16 << 20
)

// room counts the commits into the current memtable. Batches under way when a
// memtable begins count for the new memtable: Pebble may put them there.
type room struct {
	used     atomic.Int64 // bytes
	underWay atomic.Int64 // bytes that were taken and whose commit has not ended
	limit    int64
}

// init prepares room for memtables of the given length.
func (r *room) init(memTableBytes uint64) {
	if memTableBytes >= roomMemTableBytes {
		r.limit = int64(memTableBytes) / 100 * roomPercent
	}
}

// take counts a batch of the given length, until end, and reports whether the
// batch fits.
func (r *room) take(bytes int64) bool {
	r.underWay.Add(bytes)
	return r.used.Add(bytes) < r.limit
}

// end ends the commit of a batch of the given length.
func (r *room) end(bytes int64) { r.underWay.Add(-bytes) }

// begin begins with an empty memtable: each memtable has a log of its own.
func (r *room) begin(pebble.WALCreateInfo) { r.used.Store(r.underWay.Load()) }

// memTableBytes returns an upper bound of a batch's memory in a memtable.
func memTableBytes(b *pebble.Batch) int64 { return int64(b.Len()) + entryBytes*int64(b.Count()) }
