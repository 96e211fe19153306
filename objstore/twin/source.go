// SPDX-License-Identifier: Apache-2.0

package twin

import (
	"errors"
	"io"

	"github.com/cockroachdb/pebble/v2"

	"needletail/objstore/oserror"
)

// Source is a place to read from: a database, a snapshot or the copy in use.
type Source interface {
	// Get returns the value of key, valid until the closer is closed, or
	// pebble.ErrNotFound.
	Get(key []byte) ([]byte, io.Closer, error)
	// Iter returns an iterator over the bounds of o.
	Iter(o *pebble.IterOptions) (*Iterator, error)
}

// Iterator is one walk over a Source. A failed read is reported to the copy.
type Iterator struct {
	*pebble.Iterator
	failed func(error) // may be nil
}

// note reports a failed read and returns the error.
func (it *Iterator) note(err error) error {
	if err != nil && it.failed != nil {
		it.failed(err)
	}
	return err
}

// ValueAndErr returns the current value, valid until the iterator moves.
func (it *Iterator) ValueAndErr() ([]byte, error) {
	v, err := it.Iterator.ValueAndErr()
	return v, it.note(err)
}

// End closes the iterator. End returns nil if the walk saw every key.
func (it *Iterator) End() error {
	return errors.Join(it.note(it.Error()), it.Close())
}

// plain is a Source without a second copy.
type plain struct{ reader pebble.Reader }

// Plain returns a Source that reads r alone.
func Plain(r pebble.Reader) Source { return plain{r} }

func (p plain) Get(key []byte) ([]byte, io.Closer, error) { return p.reader.Get(key) }

func (p plain) Iter(o *pebble.IterOptions) (*Iterator, error) {
	it, err := p.reader.NewIter(o)
	return &Iterator{Iterator: it}, err
}

// Source returns a Source of the newest state.
func (d *DB) Source() Source {
	if d.mirrored {
		return switched{d}
	}
	return d.first.source()
}

// switched reads the copy in use. An unreadable copy is given up, and its peer answers
// the lookup. A walk over the unreadable copy fails, and the next walk reads the peer.
type switched struct{ db *DB }

func (w switched) Get(key []byte) ([]byte, io.Closer, error) {
	s := w.db.reader.Load()
	value, closer, err := s.pebble.Get(key)
	if err == nil || errors.Is(err, pebble.ErrNotFound) || !w.db.readFailed(s, err) {
		return value, closer, err
	}
	return w.db.reader.Load().pebble.Get(key)
}

func (w switched) Iter(o *pebble.IterOptions) (*Iterator, error) {
	s := w.db.reader.Load()
	it, err := s.pebble.NewIter(o)
	if err != nil && w.db.readFailed(s, err) {
		s = w.db.reader.Load()
		it, err = s.pebble.NewIter(o)
	}
	return &Iterator{it, func(err error) { w.db.readFailed(s, err) }}, err
}

// readFailed gives up an unreadable copy, and reports whether its peer is in use now.
func (d *DB) readFailed(s *side, err error) (switched bool) {
	if oserror.Exhausted(err) {
		return false // the peer would lack descriptors or memory too
	}
	if !d.paired.Load() && d.reader.Load() == s {
		return false // the only copy: writes may still succeed
	}
	s.fail(err)
	return d.lose(s) == nil && d.reader.Load() != s
}

// Value appends the value of key to dst.
func Value(from Source, key, dst []byte) (value []byte, found bool, err error) {
	b, closer, err := from.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return dst, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	dst = append(dst, b...)
	return dst, true, closer.Close()
}

// Scan calls visit for each key from lower on and below upper, in order. A nil
// bound is no bound. The slices are valid during the call only.
func Scan(from Source, lower, upper []byte, visit func(key, value []byte) error) error {
	it, err := from.Iter(&pebble.IterOptions{LowerBound: lower, UpperBound: upper})
	if err != nil {
		return err
	}
	for ok := it.First(); ok && err == nil; ok = ok && it.Next() {
		var value []byte
		if value, err = it.ValueAndErr(); err == nil {
			err = visit(it.Key(), value)
		}
		ok = err == nil
	}
	if err != nil {
		_ = it.Close() // repeats a failed read at most
		return err
	}
	return it.End()
}

// ScanPrefix calls visit for each key with the given prefix, as Scan does.
func ScanPrefix(from Source, prefix []byte, visit func(key, value []byte) error) error {
	return Scan(from, prefix, PrefixEnd(append([]byte(nil), prefix...)), visit)
}

// PrefixEnd returns the least key greater than all keys with the given prefix, or nil
// if prefix is empty or all 0xff. PrefixEnd changes prefix.
func PrefixEnd(prefix []byte) []byte {
	for i := len(prefix) - 1; i >= 0; i-- {
		if prefix[i] < 0xff {
			prefix[i]++
			return prefix[:i+1]
		}
	}
	return nil
}
