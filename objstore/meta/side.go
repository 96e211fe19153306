package meta

import (
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"needletail/objstore/durable"
)

// side is one copy of the index: one database.
type side struct {
	name string // for the log
	fs   vfs.FS
	dir  string
	opts Options

	pebble *durable.DB // nil if it could not be opened, or is closed
	// read says that views may hold iterators on it: it is closed last.
	read bool
	// keep says that what lies here must not be removed.
	keep bool
	// cause is why it could not be opened, or failed before it was closed.
	cause atomic.Pointer[error]
}

func newSide(name string, fs vfs.FS, dir string, o Options) *side {
	return &side{name: name, fs: fs, dir: dir, opts: o}
}

// open opens or creates the database. sealed is called once, from any goroutine,
// when it takes no more writes; sealHung says that a disk that hangs is a reason.
func (s *side) open(limit time.Duration, sealHung bool, sealed func(error)) (err error) {
	o := s.durable()
	o.HangLimit, o.SealHung, o.Sealed = limit, sealHung, sealed
	s.pebble, err = durable.Open(s.dir, o)
	return err
}

// openReadOnly opens a database that must exist.
func (s *side) openReadOnly() (err error) {
	s.pebble, err = durable.OpenReadOnly(s.dir, s.durable())
	return err
}

func (s *side) durable() durable.Options {
	return durable.Options{Name: "index", FS: s.fs, Logger: s.opts.Logger,
		Pebble: *s.opts.pebble(), OpenFilesMax: s.opts.OpenFilesMax}
}

// fail takes no more writes to the copy. Only the first cause counts.
func (s *side) fail(err error) {
	s.cause.CompareAndSwap(nil, &err)
	if s.pebble != nil {
		s.pebble.Seal(err)
	}
}

// err is why the copy takes no writes, or nil.
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

// note writes b, which is small, synced, even while the copy is behind.
func (s *side) note(b *pebble.Batch) error { return s.pebble.Start(b, true).Wait() }

// close closes the database, which nobody begins to write to any more.
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
