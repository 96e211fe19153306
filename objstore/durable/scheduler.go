// SPDX-License-Identifier: Apache-2.0

package durable

import (
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// allowanceLook is how often the scheduler looks whether Pebble's backlog allows
// more compactions, since a flush that makes the backlog longer does not say so.
const allowanceLook = 100 * time.Millisecond

// scheduler grants as many compactions as the backlog of its database allows, as
// Pebble's own scheduler does, but none before start. A compaction that began
// while the database opens would run over closed files if a later step of the
// opening fails, and would end the process.
type scheduler struct {
	db      pebble.DBForCompaction // set by Register, before any other call
	wake    chan struct{}          // a compaction may be free
	stop    chan struct{}
	granter sync.WaitGroup

	mu      sync.Mutex
	open    bool // between start and Unregister
	running int  // compactions
}

func newScheduler() *scheduler {
	return &scheduler{wake: make(chan struct{}, 1), stop: make(chan struct{})}
}

// start lets compactions begin. The database has opened.
func (s *scheduler) start() {
	s.mu.Lock()
	s.open = true
	s.mu.Unlock()
	s.granter.Go(s.grantAlways)
	s.poke()
}

// Register is called by Pebble while the database opens.
func (s *scheduler) Register(_ int, db pebble.DBForCompaction) { s.db = db }

// Unregister is called by Pebble when the database is closed. The scheduler
// calls the database no more after Unregister.
func (s *scheduler) Unregister() {
	s.mu.Lock()
	s.open = false
	s.mu.Unlock()
	close(s.stop)
	s.granter.Wait()
}

// TrySchedule reports whether a compaction may begin now. Pebble keeps a
// compaction that may not, and the scheduler asks for it later.
func (s *scheduler) TrySchedule() (bool, pebble.CompactionGrantHandle) {
	if !s.take() {
		return false, nil
	}
	return true, s
}

// UpdateGetAllowedWithoutPermission is called when the backlog has changed.
func (s *scheduler) UpdateGetAllowedWithoutPermission() { s.poke() }

// Done is called at the end of a compaction.
func (s *scheduler) Done() {
	s.giveBack()
	s.poke()
}

// Started is of no use here: a compaction counts from its grant.
func (s *scheduler) Started() {}

// MeasureCPU is of no use here: compactions are bounded by number.
func (s *scheduler) MeasureCPU(pebble.CompactionGoroutineKind) {}

// CumulativeStats is of no use here: compactions are bounded by number.
func (s *scheduler) CumulativeStats(pebble.CompactionGrantHandleStats) {}

// take counts a compaction if the backlog allows one more.
func (s *scheduler) take() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.open || s.running >= s.db.GetAllowedWithoutPermission() {
		return false
	}
	s.running++
	return true
}

func (s *scheduler) giveBack() {
	s.mu.Lock()
	s.running--
	s.mu.Unlock()
}

func (s *scheduler) poke() {
	select {
	case s.wake <- struct{}{}:
	default: // a look is due already
	}
}

// grantAlways grants the compactions that Pebble keeps, until Unregister.
func (s *scheduler) grantAlways() {
	tick := time.NewTicker(allowanceLook)
	defer tick.Stop()
	for {
		select {
		case <-s.stop:
			return
		case <-s.wake:
		case <-tick.C:
		}
		s.grant()
	}
}

// grant lets kept compactions begin as far as the backlog allows. The database's
// own locks come before the scheduler's, so the scheduler calls the database
// without a lock.
func (s *scheduler) grant() {
	for s.take() {
		if waits, _ := s.db.GetWaitingCompaction(); !waits || !s.db.Schedule(s) {
			s.giveBack()
			return
		}
	}
}
