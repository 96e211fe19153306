package meta

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"needletail/objstore/durable"
)

// ErrSealed is what a Commit gives once the index could not be written: after
// a failed write of its log nobody knows what is on the disk, so nothing is
// acknowledged until the index is opened again. With two copies both failed.
var ErrSealed = durable.ErrSealed

// DB is an open index. Its methods are safe for concurrent use.
type DB struct {
	View
	log    *slog.Logger
	fatal  func(error)
	sealed atomic.Pointer[error]
	clean  bool
	tails  []durable.Tail

	mirrored bool // there are to be two copies
	// main and mirror are changed by a fill alone, with gate and mu held.
	main   *side
	mirror *side                // nil without a second copy
	reader atomic.Pointer[side] // the copy that is read; never a lost one
	paired atomic.Bool          // both copies are written

	// gate is held shared by each write; whoever holds it alone knows that no
	// copy is ahead of the other.
	gate    sync.RWMutex
	journal *journal
	dirty   dirty

	filling atomic.Bool // a lost copy is being made anew

	mu     sync.Mutex // orders changes of what follows, and of reader and paired
	state  copyState
	lost   error     // why a copy is not in step, or nil
	lostAt time.Time // when that was noticed

	hangLimit time.Duration
}

// Open opens or creates the index in dir. An index of a newer format is
// refused with ErrVersion. With a mirror the copy that is right is served, and
// Fill makes the other one anew if need be.
func Open(dir string, o Options) (*DB, error) {
	o.EnsureDefaults()
	if err := o.Validate(); err != nil {
		return nil, err
	}
	d := &DB{log: o.Logger, fatal: o.Fatal, hangLimit: hangLimitDefault, journal: newJournal()}
	d.main = newSide("first", o.FS, dir, o)
	if m := o.Mirror; m != nil {
		small := o
		small.CacheBytes = min(o.CacheBytes, mirrorCacheBytes)
		d.mirrored = true
		d.mirror, d.hangLimit = newSide("second", m.FS, m.Dir, small), m.HangLimit
	}
	err := d.open()
	for _, s := range []*side{d.main, d.mirror} {
		if s != nil && s.pebble != nil {
			d.tails = append(d.tails, s.pebble.Tail())
		}
	}
	if err == nil {
		d.clean, err = d.takeClean()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open index %s: %w", dir, err), d.closeSides())
	}
	return d, nil
}

func (d *DB) open() error {
	d.View = View{switched{d}}
	if d.mirrored {
		return d.openCopies()
	}
	d.reader.Store(d.main)
	if err := d.main.open(d.hangLimit, false, func(err error) { d.seal(err, d.fatal) }); err != nil {
		return err
	}
	d.View = View{plain{d.main.pebble}}
	found, err := d.main.schema()
	if err == nil && !found {
		err = d.main.createSchema()
	}
	if err != nil {
		return err
	}
	return d.partAlone()
}

func (d *DB) seal(err error, then func(error)) {
	if !errors.Is(err, ErrSealed) {
		err = fmt.Errorf("%w: %w", ErrSealed, err)
	}
	if d.sealed.CompareAndSwap(nil, &err) {
		then(err)
	}
}

// Sealed is the error that sealed the index, or nil.
func (d *DB) Sealed() error {
	if err := d.sealed.Load(); err != nil {
		return *err
	}
	return nil
}

// Tails are how the newest logs of the copies ended when the index was opened.
// What was dropped of one may have named data files.
func (d *DB) Tails() []durable.Tail { return d.tails }

// Corruptions is how often damage was met in the background, in the copy that is
// read.
func (d *DB) Corruptions() int64 { return d.reader.Load().pebble.Corruptions() }

// WasClean says that the last user of the index closed it in order.
func (d *DB) WasClean() bool { return d.clean }

// Close notes a clean stop if clean is true and closes the index. All views
// and batches must be closed before, and Fill must have ended.
func (d *DB) Close(clean bool) error {
	var err error
	if clean && d.Sealed() == nil {
		err = d.change(func(b *pebble.Batch) error { return b.Set([]byte(keyClean), nil, nil) })
	}
	return errors.Join(err, d.closeSides())
}

func (d *DB) closeSides() error {
	err := d.main.close()
	if d.mirror != nil {
		err = errors.Join(err, d.mirror.close())
	}
	return err
}

// Barrier waits until every batch that a view can see by now is on stable
// storage: batches are seen before their sync is done.
func (d *DB) Barrier() error {
	if d.mirrored {
		d.gate.Lock() // every write that was seen has ended, on both copies
		defer d.gate.Unlock()
		return d.Sealed()
	}
	if err := d.Sealed(); err != nil {
		return err
	}
	return d.main.commit(d.main.pebble.NewBatch())
}

// Snapshot is a view of one moment. Close it soon: it keeps old versions on
// the disk.
func (d *DB) Snapshot() *Snapshot {
	s := d.reader.Load().pebble.NewSnapshot()
	return &Snapshot{View{plain{s}}, s}
}

// Snapshot is the index at one moment.
type Snapshot struct {
	View
	snap *pebble.Snapshot
}

// Close ends the snapshot.
func (s *Snapshot) Close() error { return s.snap.Close() }

// Metrics are Pebble's own figures, of the copy that is read.
func (d *DB) Metrics() *pebble.Metrics { return d.reader.Load().pebble.Metrics() }
