package meta

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"needletail/objstore/durable"
)

// Copies says how the copies of the index are.
type Copies struct {
	Configured bool // there are to be two
	InStep     bool // there are two, and every commit goes to both
	Generation uint64
	// Reading is the folder of the copy that is read.
	Reading string
	// Lost is why a copy is not in step, or nil; LostAt is when this process
	// came to know.
	Lost   error
	LostAt time.Time
	// Filling says that the lost copy is being made anew.
	Filling bool
}

// Copies reports on the copies.
func (d *DB) Copies() Copies {
	d.mu.Lock()
	defer d.mu.Unlock()
	return Copies{
		Configured: d.mirrored, InStep: d.paired.Load(), Generation: d.state.generation,
		Reading: d.reader.Load().dir, Lost: d.lost, LostAt: d.lostAt, Filling: d.filling.Load(),
	}
}

// setLost notes why a copy is not in step; mu is held, or Open runs.
func (d *DB) setLost(err error) { d.lost, d.lostAt = err, time.Now() }

// copyState is what a copy knows of the other one, under keyCopy:
//
//	generation uvarint | 1 if two copies are kept in step, else 0
//
// The generation rises whenever a copy is lost or filled, on the copies that
// hold everything from then on. So the copy of the higher generation is right.
type copyState struct {
	generation uint64
	paired     bool
}

func appendCopyState(dst []byte, s copyState) []byte {
	dst = binary.AppendUvarint(dst, s.generation)
	if s.paired {
		return append(dst, 1)
	}
	return append(dst, 0)
}

func parseCopyState(b []byte) (copyState, error) {
	d := decoder{rest: b}
	s := copyState{generation: d.uvarint()}
	switch d.byte() {
	case 0:
	case 1:
		s.paired = true
	default:
		d.fail("unknown state of the copies")
	}
	return s, d.end()
}

// write makes a batch of the database of home take effect on all copies, and
// closes it if that went well.
func (d *DB) write(home *side, b *pebble.Batch, sync bool) error {
	d.gate.RLock()
	defer d.gate.RUnlock()
	switch {
	case !d.mirrored:
		if err := d.main.pebble.Commit(b, sync); err != nil {
			return err
		}
		return b.Close()
	case d.paired.Load():
		return d.writeBoth(home, b)
	default:
		return d.writeAlone(home, b)
	}
}

// writeAlone writes a batch to the copy that is left.
func (d *DB) writeAlone(home *side, b *pebble.Batch) error {
	keys, err := touched(nil, b)
	if err != nil {
		return err
	}
	s := d.reader.Load()
	if home != s {
		own := s.pebble.NewBatch()
		if err := errors.Join(own.Apply(b, nil), b.Close()); err != nil {
			return err
		}
		b = own
	}
	if err := s.commit(b); err != nil {
		if s.err() != nil {
			d.seal(err, d.fatal)
		}
		return err
	}
	d.dirty.add(keys) // after the write: see fill
	return b.Close()
}

// writeBoth writes a batch to both copies at the same time. If one of them
// fails, that is noted on the other before the answer. Callers serialise
// changes of one key but for merges, so both copies see them in one order.
func (d *DB) writeBoth(home *side, b *pebble.Batch) error {
	other := d.other(home)
	if err := durable.Admit(b.Len(), home.pebble, other.pebble); err != nil {
		return err
	}
	slot, err := d.journal.begin(b)
	if err != nil {
		return err
	}
	defer d.journal.end(slot)
	copied := other.pebble.NewBatch()
	if err := copied.Apply(b, nil); err != nil {
		return err
	}
	theirs, mine := other.pebble.Start(copied, true), home.pebble.Start(b, true)
	errTheirs, errMine := theirs.Wait(), mine.Wait()
	switch {
	case errTheirs == nil && errMine == nil:
		return errors.Join(copied.Close(), b.Close())
	case errTheirs != nil && errMine != nil:
		d.seal(errors.Join(errTheirs, errMine), d.fatal)
		return d.Sealed()
	case errTheirs != nil:
		return d.lose(other)
	default:
		return d.lose(home)
	}
}

func (d *DB) other(s *side) *side {
	if s == d.main {
		return d.mirror
	}
	return d.main
}

// lose notes durably on the other copy, once, that s lacks what comes from now
// on. Only then may anything be answered that s does not have.
func (d *DB) lose(s *side) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.Sealed(); err != nil || !d.paired.Load() {
		return err
	}
	other := d.other(s)
	next := copyState{generation: d.state.generation + 1}
	b := other.pebble.NewBatch()
	err := other.err()
	if err == nil {
		err = b.Set([]byte(keyCopy), appendCopyState(nil, next), nil)
	}
	if err == nil {
		err = other.note(b)
	}
	if err != nil {
		d.seal(errors.Join(s.err(), err), d.fatal)
		return d.Sealed()
	}
	d.state = next
	d.setLost(fmt.Errorf("the %s copy of the index, %s: %w", s.name, s.dir, s.err()))
	d.reader.Store(other)
	d.paired.Store(false)
	d.log.Error("one copy of the index is lost; the store goes on with the other alone",
		"lost", s.dir, "alone", other.dir, "generation", next.generation, "err", s.err())
	return nil
}
