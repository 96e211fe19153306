// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"errors"
	"sync/atomic"
	"time"
)

// Metrics are figures since Open. A comment says if a figure is of now.
type Metrics struct {
	Puts, PutBytes                            int64
	InlinePuts, FilePuts                      int64
	Gets, Heads, Posts, Deletes, Listings     int64
	Expired, GCRemoved                        int64
	DarkFound, DarkRemoved                    int64 // data files without a row: moved to quarantine; removed for their age
	DarkFiles, DarkBytes                      int64 // in quarantine, as of the last look
	CorruptBodies                             int64
	ShortPuts                                 int64 // stored with a slot missing or on a handoff
	DamagedSlots, QuarantinedSlots            int64 // met by readers; moved to quarantine
	HealedSlots, HealedBytes, HealErrors      int64
	Commits, Publishes                        Latency // a synced batch; sync and naming of a data file
	Sealed                                    bool    // writes are refused until the next Open
	DiskTotalBytes, DiskFreeBytes             int64   // now
	DiskReserveBytes                          int64   // of DiskFreeBytes, the bytes that uploads leave free
	IndexDiskBytes, IndexWALBytes             int64   // now
	IndexMemTableBytes, IndexCacheBytes       int64   // now
	IndexCacheHits, IndexCacheMisses          int64
	IndexReadAmplification, IndexL0Files      int64 // now
	IndexFlushes, IndexCompactions            int64
	IndexDroppedBytes                         int64 // bytes after the last commit in the logs, at Open
	IndexCorruptions                          int64 // damaged tables or logs met in the background
	IndexCompactionDebtBytes, IndexWriteBytes int64 // debt: now
}

// Latency is a histogram of durations.
type Latency struct {
	Count int64
	Sum   time.Duration
	// Buckets are cumulative: element i counts the durations up to
	// LatencyBounds[i]. A longer duration counts in Count only.
	Buckets [len(LatencyBounds)]int64
}

// LatencyBounds are the upper bounds of the buckets of a Latency.
var LatencyBounds = [...]time.Duration{
	100 * time.Microsecond, 250 * time.Microsecond, 500 * time.Microsecond,
	time.Millisecond, 2500 * time.Microsecond, 5 * time.Millisecond,
	10 * time.Millisecond, 25 * time.Millisecond, 50 * time.Millisecond,
	100 * time.Millisecond, 250 * time.Millisecond, 500 * time.Millisecond,
	time.Second, 5 * time.Second,
}

// stats are the counters behind Metrics.
type stats struct {
	puts, putBytes, inlinePuts, filePuts  atomic.Int64
	gets, heads, posts, deletes, listings atomic.Int64
	expired, gcRemoved, corrupt           atomic.Int64
	darkFound, darkRemoved                atomic.Int64
	shortPuts, damagedSlots, quarantined  atomic.Int64
	healedSlots, healedBytes, healErrors  atomic.Int64
	commits, publishes                    latency
}

type latency struct {
	count, sumNanos atomic.Int64
	buckets         [len(LatencyBounds)]atomic.Int64
}

// start begins a measurement. The result ends the measurement.
func (l *latency) start() func() {
	begin := time.Now()
	return func() {
		d := time.Since(begin)
		l.count.Add(1)
		l.sumNanos.Add(int64(d))
		for i, bound := range LatencyBounds {
			if d <= bound {
				l.buckets[i].Add(1)
				break
			}
		}
	}
}

// read returns the histogram. The values are read one after the next: a
// measurement at the same time may count in some values only.
func (l *latency) read() (out Latency) {
	out.Count, out.Sum = l.count.Load(), time.Duration(l.sumNanos.Load())
	below := int64(0)
	for i := range l.buckets {
		below += l.buckets[i].Load()
		out.Buckets[i] = below
	}
	return out
}

// Metrics returns the figures. The figures of the index are 0 after Close.
func (e *Engine) Metrics() Metrics {
	s := &e.stats
	m := Metrics{
		Puts: s.puts.Load(), PutBytes: s.putBytes.Load(),
		InlinePuts: s.inlinePuts.Load(), FilePuts: s.filePuts.Load(),
		Gets: s.gets.Load(), Heads: s.heads.Load(), Posts: s.posts.Load(),
		Deletes: s.deletes.Load(), Listings: s.listings.Load(),
		Expired: s.expired.Load(), GCRemoved: s.gcRemoved.Load(),
		DarkFound: s.darkFound.Load(), DarkRemoved: s.darkRemoved.Load(), CorruptBodies: s.corrupt.Load(),
		ShortPuts: s.shortPuts.Load(), DamagedSlots: s.damagedSlots.Load(), QuarantinedSlots: s.quarantined.Load(),
		HealedSlots: s.healedSlots.Load(), HealedBytes: s.healedBytes.Load(), HealErrors: s.healErrors.Load(),
		Commits: s.commits.read(), Publishes: s.publishes.read(),
	}
	dark := e.dark.status()
	m.DarkFiles, m.DarkBytes = dark.Files, dark.Bytes
	if space, err := e.dev.Space(); err == nil {
		m.DiskTotalBytes, m.DiskFreeBytes, m.DiskReserveBytes = space.TotalBytes, space.FreeBytes, e.dev.ReservedBytes(space)
	}
	if !e.gate.enter() {
		return m
	}
	defer e.gate.leave()
	m.Sealed = e.db.Sealed() != nil || e.dev.Sealed() != nil
	e.indexMetrics(&m)
	return m
}

// Errors of Ready.
var (
	errNotOpen     = errors.New("the store is not open")
	errStoreSealed = errors.New("the store is sealed: a write failed")
)

// Ready returns why the store takes no changes, or nil. The text names no file
// and no disk. Several devices stand in for a sealed device.
func (e *Engine) Ready() error {
	if !e.gate.enter() {
		return errNotOpen
	}
	defer e.gate.leave()
	if e.db.Sealed() != nil || e.dev.Sealed() != nil && !e.fleet.several() {
		return errStoreSealed
	}
	return nil
}

// indexMetrics adds the figures of Pebble. The index must be open.
func (e *Engine) indexMetrics(m *Metrics) {
	p := e.db.Metrics()
	m.IndexDiskBytes = int64(p.DiskSpaceUsage())
	m.IndexWALBytes = int64(p.WAL.Size)
	m.IndexMemTableBytes = int64(p.MemTable.Size)
	m.IndexCacheBytes = p.BlockCache.Size
	m.IndexCacheHits, m.IndexCacheMisses = p.BlockCache.Hits, p.BlockCache.Misses
	m.IndexReadAmplification = int64(p.ReadAmp())
	m.IndexL0Files = p.Levels[0].TablesCount
	m.IndexFlushes, m.IndexCompactions = p.Flush.Count, p.Compact.Count
	m.IndexCompactionDebtBytes = int64(p.Compact.EstimatedDebt)
	m.IndexWriteBytes = int64(p.WAL.BytesWritten)
	m.IndexCorruptions = e.db.Corruptions()
	for _, t := range e.db.Tails() {
		m.IndexDroppedBytes += t.DroppedBytes
	}
	for i := range p.Levels {
		m.IndexWriteBytes += int64(p.Levels[i].TableBytesFlushed + p.Levels[i].TableBytesCompacted)
	}
}
