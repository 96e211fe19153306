// SPDX-License-Identifier: Apache-2.0

package twin

import (
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"needletail/objstore/durable"
)

// side is one copy: one database.
type side struct {
	name  string // for the log: "first"
	fs    vfs.FS
	dir   string
	place Place
	opts  *Options

	pebble *durable.DB // nil before open, after a failed open and after close
	// read is true if iterators may be open on the copy: it is closed last.
	read bool
	// keep is true if the content must not be removed.
	keep bool
	// cause is why the copy could not be opened, or why it failed.
	cause atomic.Pointer[error]
}

func newSide(name string, p Place, o *Options) *side {
	return &side{name: name, fs: p.FS, dir: p.Dir, place: p, opts: o}
}

// open opens or creates the database. sealed is called once, from any goroutine,
// when the copy takes no more writes. With sealHung a hanging disk is a reason.
func (s *side) open(sealHung bool, sealed func(error)) (err error) {
	if err := s.opts.MakeFolder(s.dir); err != nil {
		return err
	}
	o := s.database()
	o.SealHung, o.Sealed = sealHung, sealed
	s.pebble, err = durable.Open(s.dir, o)
	return err
}

// database returns the settings of the copy.
func (s *side) database() durable.Options {
	o := s.opts.Database
	o.FS = s.fs
	if s.place.CacheBytes != 0 {
		o.Pebble.CacheSize = s.place.CacheBytes
	}
	return o
}

func (s *side) source() Source { return Plain(s.pebble) }

func (s *side) head() (Head, error) { return s.opts.Format.Look(s.source()) }

// empty reports that the database has no keys.
func (s *side) empty() (bool, error) {
	it, err := s.pebble.NewIter(nil)
	if err != nil {
		return false, err
	}
	used := it.First()
	return !used, errors.Join(it.Error(), it.Close())
}

// create makes an empty database complete.
func (s *side) create() error {
	empty, err := s.empty()
	if err != nil {
		return err
	}
	if !empty {
		return fmt.Errorf("%w: %s has keys, but is not complete", ErrCorrupt, s.dir)
	}
	b := s.pebble.NewBatch()
	if err := s.opts.Format.Create(b); err != nil {
		return errors.Join(err, b.Close())
	}
	return s.commit(b)
}

// fail takes no more writes to the copy. Only the first cause counts.
func (s *side) fail(err error) {
	s.cause.CompareAndSwap(nil, &err)
	if s.pebble != nil {
		s.pebble.Seal(err)
	}
}

// err returns why the copy takes no writes, or nil.
func (s *side) err() error {
	if s.pebble != nil {
		return s.pebble.Err()
	}
	if err := s.cause.Load(); err != nil {
		return *err
	}
	return nil
}

// commit writes b, synced.
func (s *side) commit(b *pebble.Batch) error { return s.pebble.Commit(b, true) }

// note writes b, which is small, synced. A copy whose background work fails takes
// b too.
func (s *side) note(b *pebble.Batch) error { return s.pebble.Start(b, true).Wait() }

// close closes the database. No writer may begin any more.
func (s *side) close() error {
	if s.pebble == nil {
		return nil
	}
	p := s.pebble
	s.pebble = nil
	if err := p.Err(); err != nil {
		s.cause.CompareAndSwap(nil, &err)
	}
	return p.Close()
}
