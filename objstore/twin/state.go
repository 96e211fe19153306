// SPDX-License-Identifier: Apache-2.0

package twin

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// Copies describes the copies of a database.
type Copies struct {
	Configured bool // two copies are wanted
	InStep     bool // two copies exist, and each commit goes to both
	Generation uint64
	// Reading is the folder of the copy in use.
	Reading string
	// Lost is why a copy is not in step, or nil. LostAt is when this process
	// noticed.
	Lost   error
	LostAt time.Time
	// Filling is true while the lost copy is filled.
	Filling bool
}

// Copies returns the state of the copies.
func (d *DB) Copies() Copies {
	d.mu.Lock()
	defer d.mu.Unlock()
	return Copies{
		Configured: d.mirrored, InStep: d.paired.Load(), Generation: d.state.generation,
		Reading: d.reader.Load().dir, Lost: d.lost, LostAt: d.lostAt, Filling: d.filling.Load(),
	}
}

// copyState is the note of a copy about its peer, under Format.State:
//
//	generation uvarint | 1 if two copies are kept in step, else 0
//
// The generation rises when a copy is lost or filled, in each copy that holds every
// commit from then on. The copy of the higher generation is right.
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
	generation, n := binary.Uvarint(b)
	if n <= 0 || len(b) != n+1 || b[n] > 1 {
		return copyState{}, fmt.Errorf("%w: unknown state of the copies", ErrCorrupt)
	}
	return copyState{generation, b[n] == 1}, nil
}

// state reads the note of a copy about its peer.
func (s *side) state() (c copyState, found bool, err error) {
	b, found, err := Value(s.source(), s.opts.Format.State, nil)
	if err == nil && found {
		c, err = parseCopyState(b)
	}
	return c, found, err
}

// setState writes the note of a copy about its peer, durably.
func (s *side) setState(c copyState) error {
	b := s.pebble.NewBatch()
	if err := b.Set(s.opts.Format.State, appendCopyState(nil, c), nil); err != nil {
		return err
	}
	return s.note(b)
}

// SetGeneration makes a database of a single copy newer than every copy of a lower
// generation.
func (d *DB) SetGeneration(generation uint64) error {
	b := d.NewBatch()
	if err := b.Set(d.opts.Format.State, appendCopyState(nil, copyState{generation: generation}), nil); err != nil {
		return err
	}
	return d.Commit(b, true)
}

// setLost records why a copy is not in step. The caller is Open or holds mu.
func (d *DB) setLost(err error) { d.lost, d.lostAt = err, time.Now() }

// lose records durably, once, in the peer of s that s lacks every commit from now on.
// A commit missing in s may be answered only afterwards.
func (d *DB) lose(s *side) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.Sealed(); err != nil || !d.paired.Load() {
		return err
	}
	peer := d.peer(s)
	next := copyState{generation: d.state.generation + 1}
	err := peer.err()
	if err == nil {
		err = peer.setState(next)
	}
	if err != nil {
		d.seal(errors.Join(s.err(), err))
		return d.Sealed()
	}
	d.state = next
	d.setLost(fmt.Errorf("the %s copy of the %s, %s: %w", s.name, d.name, s.dir, s.err()))
	d.reader.Store(peer)
	d.paired.Store(false)
	d.log.Error("one copy of the "+d.name+" is lost; the store goes on with the other alone",
		"lost", s.dir, "alone", peer.dir, "generation", next.generation, "err", s.err())
	d.opts.Lost(d.lost)
	return nil
}

// noteAlone records in the copy in use that its peer lacks every commit from now on.
func (d *DB) noteAlone() error {
	if !d.state.paired {
		return nil
	}
	d.state = copyState{generation: d.state.generation + 1}
	return d.reader.Load().setState(d.state)
}
