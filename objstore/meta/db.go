package meta

import (
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
)

// ErrSealed is what a Commit gives once the index could not be written: after
// a failed write of its log nobody knows what is on the disk, so nothing is
// acknowledged until the index is opened again.
var ErrSealed = errors.New("index is sealed after a failed write")

// DB is an open index. Its methods are safe for concurrent use.
type DB struct {
	View
	pebble *pebble.DB
	sealed atomic.Pointer[error]
	clean  bool
}

// Open opens or creates the index in dir. An index of a newer format is
// refused with ErrVersion.
func Open(dir string, o Options) (*DB, error) {
	o.EnsureDefaults()
	if err := o.Validate(); err != nil {
		return nil, err
	}
	db := &DB{}
	log := &logger{slog: o.Logger, fatal: func(err error) { db.seal(err, o.Fatal) }}
	p, err := pebble.Open(dir, o.pebble(log))
	if err != nil {
		return nil, fmt.Errorf("open index %s: %w", dir, err)
	}
	db.pebble, db.View = p, View{p}
	if err := db.openSchema(); err != nil {
		return nil, errors.Join(fmt.Errorf("open index %s: %w", dir, err), p.Close())
	}
	return db, nil
}

func (d *DB) seal(err error, then func(error)) {
	err = fmt.Errorf("%w: %w", ErrSealed, err)
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

// WasClean says that the last user of the index closed it in order.
func (d *DB) WasClean() bool { return d.clean }

// Close notes a clean stop if clean is true and closes the index. All views
// and batches must be closed before.
func (d *DB) Close(clean bool) error {
	var err error
	if clean && d.Sealed() == nil {
		err = d.pebble.Set([]byte(keyClean), nil, pebble.Sync)
	}
	return errors.Join(err, d.pebble.Close())
}

// Barrier waits until every batch that a view can see by now is on stable
// storage: batches are seen before their sync is done.
func (d *DB) Barrier() error {
	if err := d.Sealed(); err != nil {
		return err
	}
	return d.apply(d.pebble.LogData(nil, pebble.Sync))
}

// Snapshot is a view of one moment. Close it soon: it keeps old versions on
// the disk.
func (d *DB) Snapshot() *Snapshot {
	s := d.pebble.NewSnapshot()
	return &Snapshot{View{s}, s}
}

// Snapshot is the index at one moment.
type Snapshot struct {
	View
	snap *pebble.Snapshot
}

// Close ends the snapshot.
func (s *Snapshot) Close() error { return s.snap.Close() }

// Metrics are Pebble's own figures.
func (d *DB) Metrics() *pebble.Metrics { return d.pebble.Metrics() }
