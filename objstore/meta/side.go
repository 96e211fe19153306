package meta

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// errHang: writes of a copy neither ended nor failed for Mirror.HangLimit.
var errHang = errors.New("no write of the index ended in time")

// side is one copy of the index: one Pebble database.
type side struct {
	name string // for the log
	fs   vfs.FS
	dir  string
	opts Options

	pebble *pebble.DB // nil if it could not be opened
	// read says that views may hold iterators on it: it is closed last.
	read bool
	// keep says that what lies here must not be removed.
	keep bool

	cause  atomic.Pointer[error] // the first failure
	broken chan struct{}         // closed by it

	running, ended atomic.Int64 // writes
	writes         sync.WaitGroup
}

func newSide(name string, fs vfs.FS, dir string, o Options) *side {
	return &side{name: name, fs: fs, dir: dir, opts: o, broken: make(chan struct{})}
}

// open opens or creates the database.
func (s *side) open(fatal func(error)) error {
	log := &logger{slog: s.opts.Logger, fatal: func(err error) {
		s.fail(err)
		fatal(s.err())
	}}
	o := s.opts
	o.FS = s.fs
	p, err := pebble.Open(s.dir, o.pebble(log))
	if err != nil {
		return fmt.Errorf("open index %s: %w", s.dir, err)
	}
	s.pebble = p
	return nil
}

// fail notes the first failure of a write, or of a read.
func (s *side) fail(err error) {
	if s.cause.CompareAndSwap(nil, &err) {
		close(s.broken)
	}
}

// err is the first failure, or nil.
func (s *side) err() error {
	if err := s.cause.Load(); err != nil {
		return *err
	}
	return nil
}

// start begins to write b, synced; wait tells how that ended.
func (s *side) start(b *pebble.Batch) <-chan error {
	done := make(chan error, 1)
	p := s.pebble
	s.running.Add(1)
	s.writes.Go(func() {
		err := p.Apply(b, pebble.Sync)
		s.ended.Add(1)
		s.running.Add(-1)
		if err != nil {
			s.fail(err)
		}
		done <- s.err() // Pebble tells its logger of a failed log, not the caller
	})
	return done
}

// wait waits for what start began, or until the copy is given up.
func (s *side) wait(done <-chan error) error {
	select {
	case err := <-done:
		return err
	case <-s.broken:
		return s.err()
	}
}

// watch gives the copy up if no write ends for limit while some run.
func (s *side) watch(stop <-chan struct{}, limit time.Duration) {
	tick := time.NewTicker(limit / 4)
	defer tick.Stop()
	last, since := int64(-1), time.Now()
	for {
		select {
		case <-stop:
			return
		case <-s.broken:
			return
		case <-tick.C:
		}
		if ended := s.ended.Load(); ended != last || s.running.Load() == 0 {
			last, since = ended, time.Now()
		} else if time.Since(since) > limit {
			s.fail(errHang)
			return
		}
	}
}

// close closes the database, which nobody begins to write to any more; one that
// has failed and hangs is left behind after limit, if there is one.
func (s *side) close(limit time.Duration) error {
	if s.pebble == nil {
		return nil
	}
	p := s.pebble
	s.pebble = nil
	if s.err() == nil || limit == 0 {
		return p.Close()
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.writes.Wait()
		_ = p.Close() // repeats the failure
	}()
	t := time.NewTimer(limit)
	defer t.Stop()
	select {
	case <-done:
	case <-t.C:
	}
	return nil
}
