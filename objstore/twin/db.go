// SPDX-License-Identifier: Apache-2.0

package twin

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

// ErrSealed is the error of a Commit after a failed write. The state of the disk
// is not known then, and no commit succeeds until the database is opened again. If
// the database has two copies, each copy failed.
var ErrSealed = durable.ErrSealed

// DB is an open database. Its methods are safe for concurrent use.
type DB struct {
	opts   Options
	name   string // in log lines and errors: "index"
	log    *slog.Logger
	sealed atomic.Pointer[error]
	tails  []durable.Tail

	mirrored bool // two copies are wanted
	// first and second are changed only by a fill, which holds gate and mu.
	first  *side
	second *side                // nil without a second copy
	reader atomic.Pointer[side] // the copy in use; never a lost copy
	paired atomic.Bool          // each commit goes to the two copies

	// gate is held shared by each write. The exclusive holder knows that no copy
	// is ahead of its peer.
	gate    sync.RWMutex
	journal *journal
	dirty   dirty

	filling atomic.Bool // a lost copy is being filled

	mu     sync.Mutex // guards the fields below, and changes of reader and paired
	state  copyState
	lost   error     // why a copy is not in step, or nil
	lostAt time.Time // when this process noticed
}

// Open opens or creates the database. If two copies are not in step, the right copy
// serves, and Fill makes its peer anew.
func Open(o Options) (*DB, error) {
	o.ensureDefaults()
	d := &DB{opts: o, name: o.Database.Name, log: o.Database.Logger, journal: newJournal()}
	d.first = newSide("first", o.First, &d.opts)
	if o.Second.Dir != "" {
		d.mirrored = true
		d.second = newSide("second", o.Second, &d.opts)
	}
	err := d.open()
	for _, s := range d.sides() {
		if s.pebble != nil {
			d.tails = append(d.tails, s.pebble.Tail())
		}
	}
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// sides returns the copies that are wanted.
func (d *DB) sides() []*side {
	if d.mirrored {
		return []*side{d.first, d.second}
	}
	return []*side{d.first}
}

func (d *DB) open() error {
	if d.mirrored {
		return d.openCopies()
	}
	return d.openAlone()
}

// openAlone opens the only copy.
func (d *DB) openAlone() error {
	d.reader.Store(d.first)
	if err := d.first.open(d.opts.Database.SealHung, d.seal); err != nil {
		return err
	}
	head, err := d.first.head()
	if err == nil && !head.Complete {
		err = d.first.create()
	}
	if err != nil {
		return err
	}
	state, found, err := d.first.state()
	if err != nil || !found {
		return err
	}
	d.state = state
	return d.noteAlone()
}

func (d *DB) seal(err error) {
	if !errors.Is(err, ErrSealed) {
		err = fmt.Errorf("%w: %w", ErrSealed, err)
	}
	if d.sealed.CompareAndSwap(nil, &err) {
		d.opts.Sealed(err)
	}
}

// Sealed returns the error that sealed the database, or nil.
func (d *DB) Sealed() error {
	if err := d.sealed.Load(); err != nil {
		return *err
	}
	return nil
}

// Abandon seals all copies with cause. A commit that waits for a disk returns, if the
// database has two copies or was opened with SealHung. Abandon must not run beside
// Fill or Close.
func (d *DB) Abandon(cause error) {
	for _, s := range d.sides() {
		s.fail(cause)
	}
	d.seal(cause)
}

// Tails returns how the newest log of each copy ended when the database was
// opened.
func (d *DB) Tails() []durable.Tail { return d.tails }

// Corruptions returns how often background work met damage in the copy in use.
func (d *DB) Corruptions() int64 { return d.reader.Load().pebble.Corruptions() }

// Metrics returns Pebble's own figures of the copy in use.
func (d *DB) Metrics() *pebble.Metrics { return d.reader.Load().pebble.Metrics() }

// NewSnapshot returns the database at one moment. An open snapshot keeps old
// versions on the disk.
func (d *DB) NewSnapshot() *pebble.Snapshot { return d.reader.Load().pebble.NewSnapshot() }

// Close closes the copies. All iterators, snapshots and batches must be closed
// before, and Fill must have ended.
func (d *DB) Close() error {
	var err error
	for _, s := range d.sides() {
		err = errors.Join(err, s.close())
	}
	return err
}

// Barrier waits until each visible batch is on stable storage. A reader sees a batch
// before its sync ends.
func (d *DB) Barrier() error {
	if d.mirrored {
		d.gate.Lock() // each visible write has ended, in each copy
		defer d.gate.Unlock()
		return d.Sealed()
	}
	if err := d.Sealed(); err != nil {
		return err
	}
	return d.first.commit(d.first.pebble.NewBatch())
}
