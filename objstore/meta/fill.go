package meta

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"needletail/objstore/durable"
)

// ErrFillLater: the lost copy may still be read by this process; the next one
// fills it.
var ErrFillLater = errors.New("the lost copy of the index is filled after a restart")

// errTooDirty ends a fill that cannot keep up.
var errTooDirty = errors.New("more keys were changed than a fill can remember")

const (
	// dirtyKeysMax bounds the keys that are remembered while a copy is filled.
	dirtyKeysMax = 1 << 20
	// A fill copies what was changed meanwhile in rounds, and stops the writers
	// for the last one only, which has about dirtyLastRound keys, or more if the
	// rounds do not get much shorter.
	dirtyLastRound = 512
)

// dirty remembers the keys that are written while a copy is filled.
type dirty struct {
	mu   sync.Mutex // protects the fields below
	on   bool
	over bool // there were too many
	keys map[string]struct{}
}

// add notes what touched gave.
func (d *dirty) add(keys []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.on || d.over {
		return
	}
	_ = touchedKeys(keys, func(k []byte) error { // they were made by touched
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

// take gives the keys and forgets them.
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

// Fill makes a copy that is lost anew out of the other one, while that is
// served, and calls progress now and then with what it has copied. It returns
// nil at once if the copies are in step or there is to be only one.
func (d *DB) Fill(ctx context.Context, progress func(keys, bytes int64)) error {
	lost, from := d.lostCopy()
	if lost == nil {
		return nil
	}
	if lost.read {
		return ErrFillLater
	}
	d.filling.Store(true)
	defer d.filling.Store(false)
	d.drainWrites()
	fresh, err := d.anew(lost)
	if err != nil {
		return fmt.Errorf("fill a copy of the index: %w", err)
	}
	if err := d.fill(ctx, from, fresh, progress); err != nil {
		fresh.fail(err)
		return errors.Join(fmt.Errorf("fill a copy of the index: %w", err), fresh.close())
	}
	return nil
}

// drainWrites returns when no write that began with both copies is under way.
func (d *DB) drainWrites() {
	d.gate.Lock()
	defer d.gate.Unlock()
}

// lostCopy is the copy that is to be filled, and where from; nil if none is.
func (d *DB) lostCopy() (lost, from *side) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.mirrored || d.paired.Load() || d.Sealed() != nil {
		return nil, nil
	}
	from = d.reader.Load()
	return d.other(from), from
}

// anew makes an empty database in the place of a lost copy. What is there is
// removed, or put aside if it may hold what the other copy does not.
func (d *DB) anew(s *side) (*side, error) {
	if err := s.close(); err != nil {
		return nil, err
	}
	if s.keep {
		if _, err := durable.SetAside(s.fs, s.dir); err != nil {
			return nil, err
		}
		s.keep = false
	}
	if err := s.fs.RemoveAll(s.dir); err != nil {
		return nil, err
	}
	fresh := newSide(s.name, s.fs, s.dir, s.opts)
	return fresh, fresh.open(d.hangLimit, true, func(err error) { d.sideFailed(fresh, err) })
}

func (d *DB) fill(ctx context.Context, from, fresh *side, progress func(keys, bytes int64)) error {
	d.dirty.set(true)
	defer d.dirty.set(false)
	snap := from.pebble.NewSnapshot() // whatever it lacks is noted as dirty
	err := copyTables(ctx, snap, fresh, progress)
	if err = errors.Join(err, snap.Close()); err != nil {
		return err
	}
	for left := dirtyKeysMax; ; {
		keys, err := d.dirty.take()
		if err != nil {
			return err
		}
		if err := copyKeys(from, fresh, keys); err != nil {
			return err
		}
		if len(keys) <= dirtyLastRound || len(keys) > left/2 {
			return d.join(from, fresh)
		}
		left = len(keys)
	}
}

// join ends a fill: with the writers stopped it copies the rest, and notes on
// both copies, the new one first, that they are in step from now on.
func (d *DB) join(from, fresh *side) error {
	d.gate.Lock()
	defer d.gate.Unlock()
	d.mu.Lock()
	defer d.mu.Unlock()
	keys, err := d.dirty.take()
	if err != nil {
		return err
	}
	err = View{plain{from.pebble}}.scan([]byte{prefixSchema}, func(k, _ []byte) error {
		if string(k) != keyCopy {
			keys[string(k)] = struct{}{}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := copyKeys(from, fresh, keys); err != nil {
		return err
	}
	next := copyState{d.state.generation + 1, true}
	for _, s := range []*side{fresh, from} {
		if err := s.setState(next); err != nil {
			if s == from {
				d.seal(err, d.fatal)
			}
			return err
		}
	}
	if d.main == from {
		d.mirror = fresh
	} else {
		d.main = fresh
	}
	d.state, d.lost, d.lostAt = next, nil, time.Time{}
	d.paired.Store(true)
	d.log.Info("the second copy of the index is in step", "filled", fresh.dir, "generation", next.generation)
	return nil
}

// setState notes, durably, how the copies stand.
func (s *side) setState(c copyState) error {
	b := s.pebble.NewBatch()
	if err := b.Set([]byte(keyCopy), appendCopyState(nil, c), nil); err != nil {
		return err
	}
	return s.note(b)
}

// copyKeys makes those keys of to what they are in from.
func copyKeys(from, to *side, keys map[string]struct{}) error {
	part := map[string]struct{}{}
	write := func() error {
		b := to.pebble.NewBatch()
		if err := copyInto(b, from, part); err != nil {
			return err
		}
		clear(part)
		return to.commit(b)
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

// copyKeysMax is how many keys are copied in one batch; most values are small.
const copyKeysMax = 1024

// copyInto makes those keys, in the database of b, what they are in from.
func copyInto(b *pebble.Batch, from *side, keys map[string]struct{}) error {
	view := View{plain{from.pebble}}
	for k := range keys {
		value, found, err := view.value([]byte(k), nil)
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
