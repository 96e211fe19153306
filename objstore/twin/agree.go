// SPDX-License-Identifier: Apache-2.0

package twin

import (
	"errors"
	"fmt"
)

// ErrOtherOwner: the two copies hold the data of different owners.
var ErrOtherOwner = errors.New("the copies belong to different stores")

// standing is what Open finds in one copy.
type standing struct {
	side    *side
	err     error // why the copy could not be read, or nil
	head    Head
	state   copyState
	journal [][]byte
	last    uint64 // the greatest sequence number of the journal
}

func (s *standing) usable() bool { return s.err == nil && s.head.Complete }

// stand opens a copy and looks at it.
func (d *DB) stand(s *side) *standing {
	st := &standing{side: s}
	st.err = s.open(true, func(err error) { d.sideFailed(s, err) })
	if st.err == nil {
		st.err = st.look()
	}
	if st.err != nil {
		s.fail(st.err)
	}
	return st
}

func (s *standing) look() (err error) {
	if s.head, err = s.side.head(); err != nil {
		return err
	}
	if !s.head.Complete {
		return nil
	}
	if s.state, _, err = s.side.state(); err != nil {
		return err
	}
	s.journal, s.last, err = s.side.slots()
	return err
}

// sideFailed is called by package durable, maybe under Pebble's locks, when a copy
// takes no more writes. If two copies are in step, the next write gives the copy up.
func (d *DB) sideFailed(s *side, err error) {
	if !d.paired.Load() && d.reader.Load() == s {
		d.seal(err)
	}
}

// openCopies opens the two copies and decides which copy is right. Copies in step are
// made to agree about the batches cut off by a crash.
func (d *DB) openCopies() error {
	one, two := d.stand(d.first), d.stand(d.second)
	for _, s := range []*standing{one, two} {
		if s.err != nil && d.opts.Refuse(s.err) {
			return s.err
		}
	}
	switch {
	case one.usable() && two.usable() && one.head.Owner != "" && two.head.Owner != "" && one.head.Owner != two.head.Owner:
		return fmt.Errorf("%w: %q and %q", ErrOtherOwner, one.head.Owner, two.head.Owner)
	case one.usable() || two.usable():
		return d.choose(one, two)
	case one.err == nil && two.err != nil && d.opts.CreateAlone:
		if err := one.side.create(); err != nil {
			return err
		}
		one.head.Complete = true
		return d.choose(one, two)
	case one.err != nil || two.err != nil:
		// The readable copy is empty: it may be new while the unreadable copy holds
		// everything.
		return errors.Join(fmt.Errorf("no copy of the %s is usable", d.name), one.err, two.err)
	default:
		return d.createCopies()
	}
}

func (d *DB) createCopies() error {
	for _, s := range d.sides() {
		if err := s.create(); err != nil {
			return err
		}
	}
	d.state = copyState{1, true}
	for _, s := range d.sides() {
		if err := s.setState(d.state); err != nil {
			return err
		}
	}
	d.pair()
	return nil
}

func (d *DB) pair() {
	d.read(d.first)
	d.paired.Store(true)
}

// read makes s the copy in use.
func (d *DB) read(s *side) {
	s.read = true
	d.reader.Store(s)
}

// choose goes on with two copies if they are in step, else with the right copy.
func (d *DB) choose(one, two *standing) error {
	right, wrong, why := compareCopies(one, two)
	d.state = right.state
	d.journal.last.Store(max(one.last, two.last))
	if why == nil {
		if err := reconcile(right, wrong); err != nil {
			return err
		}
		d.pair()
		return nil
	}
	s := wrong.side
	s.fail(why)
	s.keep = wrong.err != nil || errors.Is(why, errDisagree)
	d.read(right.side)
	d.setLost(fmt.Errorf("the %s copy of the %s, %s: %w", s.name, d.name, s.dir, why))
	level := d.log.Warn
	if s.keep {
		level = d.log.Error
	}
	level("the copies of the "+d.name+" are not in step; the store goes on with one of them and fills the other",
		"right", right.side.dir, "wrong", s.dir, "why", why, "put aside", s.keep)
	return d.noteAlone()
}

var (
	errIncomplete = errors.New("it is new, or was not filled to the end")
	errStale      = errors.New("it was lost, or away, while the other was written")
	errDisagree   = errors.New("the copies disagree and none of them says why")
)

// dropped returns how many bytes of the newest log could not be read.
func (s *standing) dropped() int64 { return s.side.pebble.Tail().DroppedBytes }

// compareCopies decides which of two copies is right. At least one copy is usable. why
// is nil if the copies are in step, else the reason against the wrong copy.
func compareCopies(one, two *standing) (right, wrong *standing, why error) {
	right, wrong = one, two
	newer := func() bool { // two, if the generations are equal
		if one.last != two.last {
			return two.last > one.last
		}
		return two.head.Clock > one.head.Clock
	}
	switch {
	case !one.usable() || !two.usable():
		if !one.usable() {
			right, wrong = two, one
		}
		if wrong.err != nil {
			return right, wrong, wrong.err
		}
		return right, wrong, errIncomplete
	case one.state.generation != two.state.generation:
		if two.state.generation > one.state.generation {
			right, wrong = two, one
		}
		if wrong.state.paired {
			return right, wrong, errStale
		}
		return right, wrong, errDisagree // the wrong copy went on alone too
	case !one.state.paired || !two.state.paired:
		if newer() {
			right, wrong = two, one
		}
		return right, wrong, errDisagree
	case max(one.last, two.last)-min(one.last, two.last) > batchesMax:
		if newer() {
			right, wrong = two, one
		}
		return right, wrong, errDisagree
	case two.dropped() < one.dropped():
		// An answered batch is in each copy, unless damage took the batch from a copy.
		right, wrong = two, one
	}
	return right, wrong, nil
}

// reconcile makes wrong agree with right. The copies are in step, except for batches
// cut off by a crash, and the slots of these batches differ.
func reconcile(right, wrong *standing) error {
	keys := map[string]struct{}{}
	for slot := range journalSlots {
		a, b := right.journal[slot], wrong.journal[slot]
		if string(a) == string(b) {
			continue
		}
		keys[string(slotKey(right.side.opts.Format.Journal, uint16(slot)))] = struct{}{}
		for _, v := range [][]byte{a, b} {
			if v == nil {
				continue
			}
			if err := touchedKeys(v[sequenceBytes:], func(k []byte) error {
				keys[string(k)] = struct{}{}
				return nil
			}); err != nil {
				return err
			}
		}
	}
	if len(keys) == 0 {
		return nil
	}
	b := wrong.side.pebble.NewBatch()
	if err := copyInto(b, right.side.source(), keys); err != nil {
		return err
	}
	return wrong.side.commit(b)
}
