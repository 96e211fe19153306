// SPDX-License-Identifier: Apache-2.0

package twin

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"needletail/objstore/durable"
)

// ErrFillLater: iterators of this process may still read the lost copy. The next
// process fills the copy.
var ErrFillLater = errors.New("the lost copy is filled after a restart")

// errTooDirty ends a fill that cannot keep up.
var errTooDirty = errors.New("more keys were changed than a fill can remember")

const (
	// dirtyKeysMax bounds the keys that are remembered during a fill.
	dirtyKeysMax = 1 << 20
	// A fill copies the keys that changed meanwhile in rounds. Writers stop only for
	// the last round. The last round has at most dirtyLastRound keys, or more if the
	// rounds do not get much shorter.
	dirtyLastRound = 512
)

// dirty remembers the keys that are written during a fill.
type dirty struct {
	mu   sync.Mutex // guards the fields below
	on   bool
	over bool // there were too many keys
	keys map[string]struct{}
}

// add remembers the keys that touched has made.
func (d *dirty) add(keys []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.on || d.over {
		return
	}
	_ = touchedKeys(keys, func(k []byte) error { // touched makes no bad keys
		d.keys[string(k)] = struct{}{}
		return nil
	})
	d.over = len(d.keys) > dirtyKeysMax
}

func (d *dirty) set(on bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.on, d.over, d.keys = on, false, map[string]struct{}{}
}

// take returns the keys and forgets them.
func (d *dirty) take() (map[string]struct{}, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	keys := d.keys
	d.keys = map[string]struct{}{}
	if d.over {
		return nil, errTooDirty
	}
	return keys, nil
}

// Fill makes a lost copy anew out of its peer while the peer serves. Fill calls
// progress, if set, now and then with the sums of the copied keys and bytes. Fill
// returns nil at once if no copy is lost. ErrFillLater means after a restart.
func (d *DB) Fill(ctx context.Context, progress func(keys, bytes int64)) error {
	lost, from := d.lostCopy()
	if lost == nil {
		return nil
	}
	if lost.read {
		return ErrFillLater
	}
	if progress == nil {
		progress = func(int64, int64) {}
	}
	d.filling.Store(true)
	defer d.filling.Store(false)
	d.drainWrites()
	fresh, err := d.anew(lost)
	if err != nil {
		return fmt.Errorf("fill a copy of the %s: %w", d.name, err)
	}
	if err := d.fill(ctx, from, fresh, progress); err != nil {
		fresh.fail(err)
		return errors.Join(fmt.Errorf("fill a copy of the %s: %w", d.name, err), fresh.close())
	}
	return nil
}

// drainWrites returns when each write that began with two copies has ended.
func (d *DB) drainWrites() {
	d.gate.Lock()
	defer d.gate.Unlock()
}

// lostCopy returns the copy to fill and the copy to fill from, or nil.
func (d *DB) lostCopy() (lost, from *side) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.mirrored || d.paired.Load() || d.Sealed() != nil {
		return nil, nil
	}
	from = d.reader.Load()
	return d.peer(from), from
}

// anew makes an empty database in the place of a lost copy. The content is removed,
// or set aside if the peer may lack a part of the content.
func (d *DB) anew(s *side) (*side, error) {
	if err := s.close(); err != nil {
		return nil, err
	}
	if s.keep {
		if err := setAside(s); err != nil {
			return nil, err
		}
		s.keep = false
	}
	if err := s.fs.RemoveAll(s.dir); err != nil {
		return nil, err
	}
	fresh := newSide(s.name, s.place, s.opts)
	return fresh, fresh.open(true, func(err error) { d.sideFailed(fresh, err) })
}

// setAside sets the folder of a copy aside. A disk that failed at the start may have
// no folder yet.
func setAside(s *side) error {
	if _, err := s.fs.Stat(s.dir); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	_, err := durable.SetAside(s.fs, s.dir)
	return err
}

func (d *DB) fill(ctx context.Context, from, fresh *side, progress func(keys, bytes int64)) error {
	d.dirty.set(true)
	defer d.dirty.set(false)
	snap := from.pebble.NewSnapshot() // a key that the snapshot lacks is noted as dirty
	err := copyTables(ctx, snap, fresh, progress)
	if err = errors.Join(err, snap.Close()); err != nil {
		return err
	}
	for left := dirtyKeysMax; ; {
		keys, err := d.dirty.take()
		if err != nil {
			return err
		}
		if err := CopyKeys(from.source(), fresh.pebble, keys); err != nil {
			return err
		}
		if len(keys) <= dirtyLastRound || len(keys) > left/2 {
			return d.join(from, fresh)
		}
		left = len(keys)
	}
}

// join ends a fill. While the writers wait, join copies the rest, and records in each
// copy, the new copy first, that the copies are in step.
func (d *DB) join(from, fresh *side) error {
	d.gate.Lock()
	defer d.gate.Unlock()
	d.mu.Lock()
	defer d.mu.Unlock()
	keys, err := d.dirty.take()
	if err != nil {
		return err
	}
	err = ScanPrefix(from.source(), d.opts.Format.Control, func(k, _ []byte) error {
		if string(k) != string(d.opts.Format.State) {
			keys[string(k)] = struct{}{}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := CopyKeys(from.source(), fresh.pebble, keys); err != nil {
		return err
	}
	next := copyState{d.state.generation + 1, true}
	for _, s := range []*side{fresh, from} {
		if err := s.setState(next); err != nil {
			if s == from {
				d.seal(err)
			}
			return err
		}
	}
	if d.first == from {
		d.second = fresh
	} else {
		d.first = fresh
	}
	d.state, d.lost, d.lostAt = next, nil, time.Time{}
	d.paired.Store(true)
	d.log.Info("the second copy of the "+d.name+" is in step", "filled", fresh.dir, "generation", next.generation)
	return nil
}

// copyKeysMax is how many keys are copied in one batch. Most values are small.
const copyKeysMax = 1024

// CopyKeys copies the values of keys from from to to, durably. A key missing in from is
// deleted in to.
func CopyKeys(from Source, to *durable.DB, keys map[string]struct{}) error {
	part := map[string]struct{}{}
	write := func() error {
		b := to.NewBatch()
		if err := copyInto(b, from, part); err != nil {
			return err
		}
		clear(part)
		return to.Commit(b, true)
	}
	for k := range keys {
		part[k] = struct{}{}
		if len(part) == copyKeysMax {
			if err := write(); err != nil {
				return err
			}
		}
	}
	return write()
}

// copyInto puts into b what CopyKeys writes.
func copyInto(b *pebble.Batch, from Source, keys map[string]struct{}) error {
	for k := range keys {
		value, found, err := Value(from, []byte(k), nil)
		switch {
		case err != nil:
		case found:
			err = b.Set([]byte(k), value, nil)
		default:
			err = b.Delete([]byte(k), nil)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
