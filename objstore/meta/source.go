package meta

import (
	"errors"
	"io"

	"github.com/cockroachdb/pebble/v2"

	"needletail/objstore/oserror"
)

// source is where a View reads: a database, a snapshot, or whichever copy of
// the index is in use.
type source interface {
	get(key []byte) ([]byte, io.Closer, error)
	iter(o *pebble.IterOptions) (*iterator, error)
}

// iterator is one walk over a source. An error of reading is told to the copy.
type iterator struct {
	*pebble.Iterator
	failed func(error) // may be nil
}

// note passes an error of reading on.
func (it *iterator) note(err error) error {
	if err != nil && it.failed != nil {
		it.failed(err)
	}
	return err
}

// value is the current value.
func (it *iterator) value() ([]byte, error) {
	v, err := it.ValueAndErr()
	return v, it.note(err)
}

// end closes the iterator and tells whether the walk saw everything.
func (it *iterator) end() error {
	return errors.Join(it.note(it.Error()), it.Close())
}

// plain is a source that nothing stands in for.
type plain struct{ reader pebble.Reader }

func (p plain) get(key []byte) ([]byte, io.Closer, error) { return p.reader.Get(key) }

func (p plain) iter(o *pebble.IterOptions) (*iterator, error) {
	it, err := p.reader.NewIter(o)
	return &iterator{Iterator: it}, err
}

// switched reads the copy that is in use. A copy that cannot be read is given
// up: a lookup is answered by the other one, a walk that has begun fails, and
// the next one is the other copy's.
type switched struct{ db *DB }

func (w switched) get(key []byte) ([]byte, io.Closer, error) {
	s := w.db.reader.Load()
	value, closer, err := s.pebble.Get(key)
	if err == nil || errors.Is(err, pebble.ErrNotFound) || !w.db.readFailed(s, err) {
		return value, closer, err
	}
	return w.db.reader.Load().pebble.Get(key)
}

func (w switched) iter(o *pebble.IterOptions) (*iterator, error) {
	s := w.db.reader.Load()
	it, err := s.pebble.NewIter(o)
	if err != nil && w.db.readFailed(s, err) {
		s = w.db.reader.Load()
		it, err = s.pebble.NewIter(o)
	}
	return &iterator{it, func(err error) { w.db.readFailed(s, err) }}, err
}

// readFailed gives up a copy that cannot be read, and says whether there is
// another one to read now.
func (d *DB) readFailed(s *side, err error) (other bool) {
	if oserror.Exhausted(err) {
		return false // the other copy would lack it as well
	}
	if !d.paired.Load() && d.reader.Load() == s {
		return false // it is the only one: writes may still succeed
	}
	s.fail(err)
	return d.lose(s) == nil && d.reader.Load() != s
}
