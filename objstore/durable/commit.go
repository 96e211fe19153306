// SPDX-License-Identifier: Apache-2.0

package durable

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// Every batch begins with a note in the log, and nowhere else:
//
//	version 1 | sequence number 8, little-endian | time 8, little-endian, Unix ns
//
// All commits up to the sequence number were on stable storage when the batch
// was made. A readable note behind a damaged place so tells whether
// acknowledged commits were in the damaged place, and the time.
const (
	noteVersion = 1
	noteBytes   = 1 + 8 + 8
)

// NewBatch returns a batch for Commit.
func (d *DB) NewBatch() *pebble.Batch {
	b := d.DB.NewBatch()
	var note [noteBytes]byte
	note[0] = noteVersion
	binary.LittleEndian.PutUint64(note[1:], d.acked.Load())
	binary.LittleEndian.PutUint64(note[9:], uint64(time.Now().UnixNano()))
	_ = b.LogData(note[:], nil) // never fails
	return b
}

// Write is a commit under way.
type Write struct {
	db   *DB
	done chan error
}

// Commit makes a batch of NewBatch take effect, on stable storage if sync is
// true. Commit waits for a hanging disk, unless SealHung ends the wait. After
// ErrSealed the batch may or may not have taken effect; after ErrBehind the
// batch did not. The batch must not be used again after an error.
func (d *DB) Commit(b *pebble.Batch, sync bool) error {
	if err := d.Admit(b.Len()); err != nil {
		return err
	}
	bytes := memTableBytes(b)
	if d.room.take(bytes) && !d.opts.SealHung && d.work.err() == nil {
		d.commits.Add(1)
		defer d.commits.Done()
		return d.run(b, sync, bytes)
	}
	return d.start(b, sync, bytes).Wait()
}

// Start begins a Commit of an admitted, or small, batch.
func (d *DB) Start(b *pebble.Batch, sync bool) Write {
	bytes := memTableBytes(b)
	d.room.take(bytes)
	return d.start(b, sync, bytes)
}

// start runs a commit, whose bytes were taken, in a goroutine of its own.
func (d *DB) start(b *pebble.Batch, sync bool, bytes int64) Write {
	w := Write{d, make(chan error, 1)}
	if err := d.seal.err(); err != nil {
		d.room.end(bytes)
		w.done <- err
		return w
	}
	d.commits.Go(func() { w.done <- d.run(b, sync, bytes) })
	return w
}

// run commits a batch whose bytes were taken.
func (d *DB) run(b *pebble.Batch, sync bool, bytes int64) error {
	d.running.Add(1)
	err := d.apply(b, sync)
	d.room.end(bytes)
	d.ended.Add(1)
	d.running.Add(-1)
	return err
}

// Wait waits for the commit to end, or until the database is sealed.
func (w Write) Wait() error {
	select {
	case err := <-w.done:
		return err
	case <-w.db.seal.broken:
		return w.db.seal.err()
	}
}

// Admit refuses a batch of the given length: ErrSealed, or ErrBehind while
// background work fails and memory is full.
func (d *DB) Admit(bytes int) error {
	if err := d.seal.err(); err != nil {
		return err
	}
	cause := d.work.err()
	if cause == nil {
		if d.unflushed.Load() != 0 {
			d.unflushed.Store(0)
		}
		return nil
	}
	// A quarter of a memtable starts no flush that further commits would wait
	// for.
	if d.unflushed.Add(int64(bytes)) > int64(d.opts.Pebble.MemTableSize)/4 {
		return fmt.Errorf("%w: %w", ErrBehind, cause)
	}
	return nil
}

func (d *DB) apply(b *pebble.Batch, sync bool) (err error) {
	defer func() {
		if r := recover(); r != nil {
			d.seal.fail(fmt.Errorf("commit: %v", r))
		}
		if sealed := d.seal.err(); sealed != nil {
			err = sealed // Pebble may not have been told
		}
	}()
	o := pebble.NoSync
	if sync {
		o = pebble.Sync
	}
	if err := d.DB.Apply(b, o); err != nil {
		d.seal.fail(err)
		return err
	}
	if sync && d.seal.err() == nil {
		d.acknowledge(uint64(b.SeqNum()) + uint64(b.Count()))
	}
	return nil
}

// acknowledge notes that all commits below next are on stable storage.
func (d *DB) acknowledge(next uint64) {
	for {
		now := d.acked.Load()
		if next-1 <= now || d.acked.CompareAndSwap(now, next-1) {
			return
		}
	}
}
