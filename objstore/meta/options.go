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

// Options are the settings of the index. The zero value is a store for small
// objects in at most 128 MiB of memory, block cache and memtables together; a
// mirror has its own.
type Options struct {
	FS     vfs.FS       // default vfs.Default
	Logger *slog.Logger // default slog.Default

	// CacheBytes bounds the block cache, which may also use what the memtables
	// leave of their memory. Default 32 MiB.
	CacheBytes int64
	// MemTableBytes is the size of one memtable; up to memTablesMax exist.
	// Default 24 MiB.
	MemTableBytes uint64
	// OpenFilesMax bounds the open tables. Default 500.
	OpenFilesMax int
	// CompactionsMax is how many compactions run at once. Default 2.
	CompactionsMax int

	// Fatal is called once, from any goroutine, when Pebble meets an error
	// after which no write may succeed (a failed write of its log). Reads go
	// on. Default: nothing; every later Commit fails with ErrSealed.
	Fatal func(error)

	// Mirror, if set, is a second copy on another disk, kept in step with every
	// commit.
	Mirror *Mirror
}

// Mirror is where the second copy of an index is.
type Mirror struct {
	FS  vfs.FS // default: that of the first copy
	Dir string
	// HangLimit is how long no write of a copy may end before the copy is given
	// up. Default 20 s.
	HangLimit time.Duration
}

const hangLimitDefault = 20 * time.Second

// mirrorCacheBytes is the block cache of the mirror, which is read only after
// the first copy was lost.
const mirrorCacheBytes = 8 << 20

// What follows was measured on two busy cores beside Pebble's defaults, in turns;
// "amp" is bytes that the index wrote per byte put. Level 0's limits (4 and 12
// tables deep) are Pebble's: 24 made no difference.

// cacheDefaultBytes: HEAD and GET of any of 10,000,000 empty objects by 16 clients
// reached 20,000 to 32,000 requests a second with 16, 32 and 64 MiB, in no order.
const cacheDefaultBytes = 32 << 20

// memTableDefaultBytes: 512 MiB of bodies of 64 KiB by 64 writers made them wait
// 104 times, 3.0 s in all, with Pebble's 4 MiB, and up to 7 times, 0.8 s, with
// 32 MiB. At 4 KiB nobody waits, and amp is 3.35 and 3.03. PUT 64 KiB by 16 and 64
// clients reaches 329 and 314 MB/s with 16 MiB, 335 and 349 with 24, 351 and 351
// with 32 (medians of nine rounds that spread by 15 %), where each MiB more is four
// of memory.
const memTableDefaultBytes = 24 << 20

// memTablesMax is how many memtables exist at most, the one that is written
// and those that wait for their flush; writers stop beyond it. With Pebble's 2
// the same bodies of 64 KiB made them wait 14 times, 1.1 to 2.0 s.
const memTablesMax = 3

// memTablesKept is how many memtables may have memory, which Pebble takes out of
// its block cache: memTablesMax, and one that waits to be used again. What is
// asked for as cache comes on top. With 64 MiB for all of it nothing was ever
// cached: each PUT among 9,000,000 objects read 500 KB of filters from the files.
const memTablesKept = memTablesMax + 1

// compactionsDefault: a long compaction of the lower levels must not hold up
// level 0. Up to 1 GiB, 1 and 2 differ neither in rate nor in amp.
const compactionsDefault = 2

// bloomBitsPerKey gives about 1 % false positives for lookups of absent names.
// One GET of 60,000 bodies of 4 KiB, from a cold start, takes 22 µs of CPU, and 30
// without the filters; a HEAD of an absent name 5.6 and 6.5.
const bloomBitsPerKey = 10

// blockBytes: with Pebble's 4 KiB such a GET takes 25 µs, and PUTs of 4 KiB by 64
// writers 8 to 24 % more CPU.
const blockBytes = 16 << 10

// EnsureDefaults fills in what is zero.
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

// Validate checks what EnsureDefaults filled in.
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

// splitAtBodies ends a table where the inline bodies begin and where they end, so
// that none holds both bodies and rows. The bodies of a flush follow all earlier
// ones (see the engine's ids) and can be moved down the levels as they are; a
// table with rows on either side would lie over all of them, and each compaction
// of rows would write the bodies below again: amp is 3.0 to 3.1 with 1 GiB of
// bodies of any length, and was 3.2 to 4.0; 4 KiB by 64 writers went from 3500 and
// 5500 PUT/s to 4000 and 7100.
//
// Pebble's separation of values, which writes a body to the log and one other file
// alone, has an amp of 2.1 to 2.3, and takes 20 to 30 % less CPU. It is an experiment of
// theirs, with open reports of damaged files, and is left alone until it is not.
func splitAtBodies(first []byte) (pebble.SpanPolicy, []byte, error) {
	switch {
	case len(first) == 0 || first[0] < prefixInline:
		return pebble.SpanPolicy{}, []byte{prefixInline}, nil
	case first[0] == prefixInline:
		return pebble.SpanPolicy{}, []byte{prefixInline + 1}, nil
	}
	return pebble.SpanPolicy{}, nil, nil
}
