package meta

import (
	"errors"
	"fmt"

	"needletail/objstore"
)

// ErrOtherStore: the two copies are indexes of different stores.
var ErrOtherStore = errors.New("the copies of the index belong to different stores")

// standing is what Open finds of one copy.
type standing struct {
	side    *side
	err     error // it could not be read
	schema  bool  // it is complete
	empty   bool  // it has no keys
	store   string
	state   copyState
	clock   objstore.Timestamp
	journal [][]byte
	last    uint64 // sequence number
}

func (s *standing) usable() bool { return s.err == nil && s.schema }

// stand opens a copy and looks at it.
func (d *DB) stand(s *side) *standing {
	st := &standing{side: s}
	st.err = s.open(d.hangLimit, true, func(err error) { d.sideFailed(s, err) })
	if st.err == nil {
		st.err = st.look()
	}
	if st.err != nil {
		s.fail(st.err)
	}
	return st
}

func (s *standing) look() (err error) {
	if s.schema, err = s.side.schema(); err != nil {
		return err
	}
	if !s.schema {
		s.empty, err = s.side.empty()
		return err
	}
	v := View{plain{s.side.pebble}}
	if s.store, err = v.StoreID(); err != nil {
		return err
	}
	if s.clock, err = v.Clock(); err != nil {
		return err
	}
	b, found, err := v.value([]byte(keyCopy), nil)
	if err != nil {
		return err
	}
	if found {
		if s.state, err = parseCopyState(b); err != nil {
			return err
		}
	}
	s.journal, s.last, err = s.side.slots()
	return err
}

// sideFailed is told by Pebble, maybe while it holds locks, of an error after
// which a copy takes no more writes. With two copies in step the next write
// gives the copy up.
func (d *DB) sideFailed(s *side, err error) {
	if !d.paired.Load() && d.reader.Load() == s {
		d.seal(err, d.fatal)
	}
}

// openCopies opens both copies, decides which is right, and makes them agree
// if they are in step but for what a crash cut off.
func (d *DB) openCopies() error {
	one, two := d.stand(d.main), d.stand(d.mirror)
	for _, s := range []*standing{one, two} {
		if errors.Is(s.err, ErrVersion) {
			return s.err
		}
	}
	switch {
	case one.usable() && two.usable() && one.store != "" && two.store != "" && one.store != two.store:
		return fmt.Errorf("%w: %q and %q", ErrOtherStore, one.store, two.store)
	case one.usable() || two.usable():
		return d.choose(one, two)
	case one.err != nil || two.err != nil:
		// The one that can be read is empty: it may be new while the other holds
		// everything.
		return errors.Join(errors.New("no copy of the index is usable"), one.err, two.err)
	default:
		return d.createCopies()
	}
}

func (d *DB) createCopies() error {
	for _, s := range []*side{d.main, d.mirror} {
		if err := s.createSchema(); err != nil {
			return err
		}
	}
	d.state = copyState{1, true}
	for _, s := range []*side{d.main, d.mirror} {
		if err := s.setState(d.state); err != nil {
			return err
		}
	}
	d.pair()
	return nil
}

func (d *DB) pair() {
	d.read(d.main)
	d.paired.Store(true)
}

// read makes s the copy that views read.
func (d *DB) read(s *side) {
	s.read = true
	d.reader.Store(s)
}

// choose goes on with both copies if they are in step, else with the newer.
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
	d.setLost(fmt.Errorf("the %s copy of the index, %s: %w", s.name, s.dir, why))
	level := d.log.Warn
	if s.keep {
		level = d.log.Error
	}
	level("the copies of the index are not in step; the store goes on with one of them and fills the other",
		"right", right.side.dir, "wrong", s.dir, "why", why, "put aside", s.keep)
	return d.noteAlone()
}

// noteAlone notes on the copy that is read that the other one lacks what comes.
func (d *DB) noteAlone() error {
	if !d.state.paired {
		return nil
	}
	d.state = copyState{generation: d.state.generation + 1}
	return d.reader.Load().setState(d.state)
}

// partAlone is for an index that is opened without its second copy.
func (d *DB) partAlone() error {
	b, found, err := d.value([]byte(keyCopy), nil)
	if err != nil || !found {
		return err
	}
	if d.state, err = parseCopyState(b); err != nil {
		return err
	}
	return d.noteAlone()
}

var (
	errIncomplete = errors.New("it is new, or was not filled to the end")
	errStale      = errors.New("it was lost, or away, while the other was written")
	errDisagree   = errors.New("the copies disagree and none of them says why")
)

// dropped is how much of the newest log could not be read.
func (s *standing) dropped() int64 { return s.side.pebble.Tail().DroppedBytes }

// compareCopies says which of two copies, of which one is usable, is right,
// and why the other is not in step; nil if it is.
func compareCopies(one, two *standing) (right, wrong *standing, why error) {
	right, wrong = one, two
	newer := func() bool { // two, among equals
		if one.last != two.last {
			return two.last > one.last
		}
		return two.clock > one.clock
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
		return right, wrong, errDisagree // it went on alone too
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
		// What was answered is in both, unless damage took it from one.
		right, wrong = two, one
	}
	return right, wrong, nil
}

// reconcile makes wrong agree with right, which is in step with it but for the
// batches that a crash cut off: those have different slots in the journal.
func reconcile(right, wrong *standing) error {
	keys := map[string]struct{}{}
	for slot := range journalSlots {
		a, b := right.journal[slot], wrong.journal[slot]
		if string(a) == string(b) {
			continue
		}
		keys[string(appendSlotKey(nil, uint16(slot)))] = struct{}{}
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
	// Clean stops are noted on both, or the crash was in between: then neither.
	keys[keyClean] = struct{}{}
	b := wrong.side.pebble.NewBatch()
	if err := copyInto(b, right.side, keys); err != nil {
		return err
	}
	return wrong.side.commit(b)
}
