// SPDX-License-Identifier: Apache-2.0

package meta

import (
	"context"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"needletail/objstore/durable"
	"needletail/objstore/twin"
)

// ErrSealed is the error of a Commit after a failed write of the log. The state of
// the disk is not known then, and no commit succeeds until the index is opened
// again. With two copies, both failed.
var ErrSealed = twin.ErrSealed

// DB is an open index. Its methods are safe for concurrent use.
type DB struct {
	View
	copies *twin.DB
	clean  bool
}

// Open opens or creates the index in dir. An index of a newer format is refused
// with ErrVersion. With Options.Mirror the right copy serves, and Fill makes the
// other copy anew if the copies are not in step.
func Open(dir string, o Options) (*DB, error) {
	o.EnsureDefaults()
	if err := o.Validate(); err != nil {
		return nil, err
	}
	copies, err := twin.Open(o.twin(dir))
	if err != nil {
		return nil, fmt.Errorf("open index %s: %w", dir, err)
	}
	d := &DB{View: View{copies.Source()}, copies: copies}
	if d.clean, err = d.takeClean(); err != nil {
		return nil, errors.Join(fmt.Errorf("open index %s: %w", dir, err), copies.Close())
	}
	return d, nil
}

// twin returns the settings of the copies of an index in dir.
func (o *Options) twin(dir string) twin.Options {
	t := twin.Options{
		First: twin.Place{FS: o.FS, Dir: dir}, Format: format, Database: o.database(o.FS), Sealed: o.Fatal,
		Refuse: func(err error) bool { return errors.Is(err, ErrVersion) },
	}
	if m := o.Mirror; m != nil {
		t.Second = twin.Place{FS: m.FS, Dir: m.Dir, CacheBytes: o.blockCacheBytes(min(o.CacheBytes, mirrorCacheBytes))}
		t.Database.HangLimit = m.HangLimit
	}
	return t
}

// Sealed returns the error that sealed the index, or nil.
func (d *DB) Sealed() error { return d.copies.Sealed() }

// Copies returns the state of the copies.
func (d *DB) Copies() twin.Copies { return d.copies.Copies() }

// Fill makes a lost copy anew while the other copy serves; see twin.DB.Fill.
func (d *DB) Fill(ctx context.Context, progress func(keys, bytes int64)) error {
	return d.copies.Fill(ctx, progress)
}

// Tails returns how the newest log of each copy ended when the index was opened.
// Bytes that a log dropped may have named data files.
func (d *DB) Tails() []durable.Tail { return d.copies.Tails() }

// Corruptions returns how often background work met damage, in the copy that is
// read.
func (d *DB) Corruptions() int64 { return d.copies.Corruptions() }

// WasClean reports that the last user of the index closed the index in order.
func (d *DB) WasClean() bool { return d.clean }

// Close closes the index, and with clean records an orderly stop. All views and
// batches must be closed before, and Fill must have ended.
func (d *DB) Close(clean bool) error {
	var err error
	if clean && d.Sealed() == nil {
		err = d.change(func(b *pebble.Batch) error { return b.Set([]byte(keyClean), nil, nil) })
	}
	return errors.Join(err, d.copies.Close())
}

// Barrier waits until each batch that a view can see is on stable storage. A view
// sees a batch before its sync ends.
func (d *DB) Barrier() error { return d.copies.Barrier() }

// Snapshot returns a view of one moment. An open snapshot keeps old versions on
// the disk.
func (d *DB) Snapshot() *Snapshot {
	s := d.copies.NewSnapshot()
	return &Snapshot{View{twin.Plain(s)}, s}
}

// Snapshot is the index at one moment.
type Snapshot struct {
	View
	snap *pebble.Snapshot
}

// Close ends the snapshot.
func (s *Snapshot) Close() error { return s.snap.Close() }

// Metrics returns Pebble's own figures, of the copy that is read.
func (d *DB) Metrics() *pebble.Metrics { return d.copies.Metrics() }
