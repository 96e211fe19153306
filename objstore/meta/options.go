// SPDX-License-Identifier: Apache-2.0

package meta

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/vfs"

	"needletail/objstore/durable"
)

// Options are the settings of the index. The zero value suits a store of small objects
// in at most 128 MiB of memory, for the block cache and the memtables. A mirror takes
// a cache and memtables of its own.
type Options struct {
	FS     vfs.FS       // default vfs.Default
	Logger *slog.Logger // default slog.Default

	// CacheBytes bounds the block cache. The cache may also use the memory that the
	// memtables leave free. Default 32 MiB.
	CacheBytes int64
	// MemTableBytes is the size of a memtable. Up to memTablesMax memtables exist.
	// Default 24 MiB.
	MemTableBytes uint64
	// OpenFilesMax bounds the open tables. Default 500.
	OpenFilesMax int
	// CompactionsMax bounds the compactions that run at once. Default 2.
	CompactionsMax int

	// Fatal is called once, from any goroutine, when the index is sealed: a write of
	// the log failed, and every later Commit fails with ErrSealed. Reads go on.
	// Default: no call.
	Fatal func(error)

	// Mirror, if set, is the place of a second copy on a second disk, kept in step
	// with every commit.
	Mirror *Mirror
}

// Mirror is the place of the second copy of an index.
type Mirror struct {
	FS  vfs.FS // default: the file system of the first copy
	Dir string
	// HangLimit is the time without the end of any write after which a hanging copy
	// is given up. Default 20 s.
	HangLimit time.Duration
}

const hangLimitDefault = 20 * time.Second

// mirrorCacheBytes is the size of the mirror's block cache. The mirror is read only
// after the loss of the first copy.
const mirrorCacheBytes = 8 << 20

// The defaults below were measured on two busy cores, in turns with Pebble's defaults.
// "amp" is the number of bytes written by the index per byte put. The limits of level 0
// (4 and 12 tables deep) are Pebble's defaults: 24 made no difference.

// cacheDefaultBytes: HEAD and GET of any of 10,000,000 empty objects by 16 clients
// reached 20,000 to 32,000 requests a second with 16, 32 and 64 MiB, in no order.
const cacheDefaultBytes = 32 << 20

// memTableDefaultBytes: 64 writers of 512 MiB in bodies of 64 KiB waited 104 times,
// 3.0 s in all, with Pebble's 4 MiB, and up to 7 times, 0.8 s, with 32 MiB. With bodies
// of 4 KiB no writer waits, and amp is 3.35 and 3.03. PUT 64 KiB by 16 and 64 clients
// reaches 329 and 314 MB/s with 16 MiB, 335 and 349 with 24, 351 and 351 with 32
// (medians of nine rounds, spread 15 %). Each MiB more takes four MiB of memory.
const memTableDefaultBytes = 24 << 20

// memTablesMax bounds the memtables: a memtable takes writes, and the rest wait for
// their flush. Beyond the bound writers stop. With Pebble's 2, the writers of bodies
// of 64 KiB waited 14 times, 1.1 to 2.0 s.
const memTablesMax = 3

// memTablesKept bounds the memtables with memory: memTablesMax, and a memtable kept for
// the next use. Pebble takes the memory out of the block cache, hence the memtables are
// added to CacheBytes. With 64 MiB for cache and memtables no block was ever cached:
// each PUT among 9,000,000 objects read 500 KB of filters from the files.
const memTablesKept = memTablesMax + 1

// compactionsDefault: a long compaction of the lower levels must not hold up level 0.
// Up to 1 GiB of bodies, 1 and 2 compactions give the same rate and amp.
const compactionsDefault = 2

// bloomBitsPerKey gives about 1 % false positives for lookups of absent names. A GET of
// a body of 4 KiB among 60,000 bodies, from a cold start, takes 22 µs of CPU, and 30
// without the filters. A HEAD of an absent name takes 5.6 and 6.5 µs.
const bloomBitsPerKey = 10

// blockBytes: with Pebble's 4 KiB the same GET takes 25 µs, and PUTs of 4 KiB by 64
// writers take 8 to 24 % more CPU.
const blockBytes = 16 << 10

// EnsureDefaults replaces zero values by the defaults.
func (o *Options) EnsureDefaults() {
	if o.FS == nil {
		o.FS = vfs.Default
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.CacheBytes == 0 {
		o.CacheBytes = cacheDefaultBytes
	}
	if o.MemTableBytes == 0 {
		o.MemTableBytes = memTableDefaultBytes
	}
	if o.OpenFilesMax == 0 {
		o.OpenFilesMax = 500
	}
	if o.CompactionsMax == 0 {
		o.CompactionsMax = compactionsDefault
	}
	if o.Fatal == nil {
		o.Fatal = func(error) {}
	}
	if o.Mirror != nil {
		m := *o.Mirror
		if m.FS == nil {
			m.FS = o.FS
		}
		if m.HangLimit == 0 {
			m.HangLimit = hangLimitDefault
		}
		o.Mirror = &m
	}
}

// Validate checks options completed by EnsureDefaults.
func (o *Options) Validate() error {
	switch {
	case o.CacheBytes < 1<<20:
		return errors.New("index: CacheBytes is below 1 MiB")
	case o.MemTableBytes < 1<<20 || o.MemTableBytes > 1<<30:
		return errors.New("index: MemTableBytes is not in 1 MiB to 1 GiB")
	case o.OpenFilesMax < durable.OpenFilesMin:
		return fmt.Errorf("index: OpenFilesMax is below %d", durable.OpenFilesMin)
	case o.CompactionsMax < 1:
		return errors.New("index: CompactionsMax is below 1")
	case o.Mirror != nil && (o.Mirror.Dir == "" || o.Mirror.HangLimit < time.Millisecond):
		return errors.New("index: Mirror has no Dir, or a HangLimit below 1 ms")
	}
	return nil
}

// database returns the settings of one copy of the index on fsys.
func (o *Options) database(fsys vfs.FS) durable.Options {
	return durable.Options{Name: "index", FS: fsys, Logger: o.Logger, Pebble: o.pebble(), OpenFilesMax: o.OpenFilesMax}
}

// blockCacheBytes returns the size of Pebble's block cache for the given bytes of
// blocks. Pebble takes the memory of memtables out of the block cache.
func (o *Options) blockCacheBytes(blocks int64) int64 {
	return blocks + memTablesKept*int64(o.MemTableBytes)
}

// pebble returns Pebble's settings, except the settings of package durable.
func (o *Options) pebble() pebble.Options {
	p := pebble.Options{
		CacheSize:                   o.blockCacheBytes(o.CacheBytes),
		MemTableSize:                o.MemTableBytes,
		MemTableStopWritesThreshold: memTablesMax,
		FormatMajorVersion:          pebble.FormatValueSeparation,
		Merger:                      merger,
		CompactionConcurrencyRange:  func() (int, int) { return 1, o.CompactionsMax },
	}
	for i := range p.Levels {
		p.Levels[i].FilterPolicy = bloom.FilterPolicy(bloomBitsPerKey)
		p.Levels[i].BlockSize = blockBytes
	}
	p.Experimental.SpanPolicyFunc = splitAtBodies
	return p
}

// splitAtBodies ends a table where the inline bodies begin and where the bodies end.
// Hence no table holds bodies beside rows. The ids of new bodies are greater than all
// earlier ids (see the engine), and compactions move tables of bodies down the levels
// without writing. A table with rows on either side would overlap all bodies, and each
// compaction of rows would write the bodies below again. amp is 3.0 to 3.1 with 1 GiB
// of bodies of any length, and was 3.2 to 4.0. 64 writers of 4 KiB went from 3500 and
// 5500 PUT/s to 4000 and 7100.
//
// Pebble's separation of values writes a body to the log and to a single file. The amp
// is 2.1 to 2.3 then, with 20 to 30 % less CPU. Pebble calls the feature an experiment
// and has open reports of damaged files, so the index does not use the feature.
func splitAtBodies(first []byte) (pebble.SpanPolicy, []byte, error) {
	switch {
	case len(first) == 0 || first[0] < prefixInline:
		return pebble.SpanPolicy{}, []byte{prefixInline}, nil
	case first[0] == prefixInline:
		return pebble.SpanPolicy{}, []byte{prefixInline + 1}, nil
	}
	return pebble.SpanPolicy{}, nil, nil
}
