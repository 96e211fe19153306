// SPDX-License-Identifier: Apache-2.0

package durable

import (
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/stretchr/testify/require"
)

// queue is a database that keeps compactions until the scheduler grants them.
type queue struct {
	mu      sync.Mutex
	allowed int
	kept    int
	granted chan pebble.CompactionGrantHandle
}

func (q *queue) GetAllowedWithoutPermission() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.allowed
}

func (q *queue) GetWaitingCompaction() (bool, pebble.WaitingCompaction) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.kept > 0, pebble.WaitingCompaction{}
}

func (q *queue) Schedule(h pebble.CompactionGrantHandle) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.kept == 0 {
		return false
	}
	q.kept--
	q.granted <- h
	return true
}

func (q *queue) allow(n int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.allowed = n
}

// TestSchedulerWaitsForTheOpening: no compaction begins before start; from then
// on as many as the backlog allows, and after Unregister none.
func TestSchedulerWaitsForTheOpening(t *testing.T) {
	q := &queue{allowed: 2, kept: 3, granted: make(chan pebble.CompactionGrantHandle, 3)}
	s := newScheduler()
	s.Register(2, q)
	s.UpdateGetAllowedWithoutPermission()
	if ok, _ := s.TrySchedule(); ok {
		t.Fatal("a compaction began before the database was open")
	}
	s.start()
	first := <-q.granted
	<-q.granted
	if ok, _ := s.TrySchedule(); ok {
		t.Error("a third compaction began where two are allowed")
	}
	first.Done()
	<-q.granted // the third, since one has ended
	q.allow(3)
	if ok, _ := s.TrySchedule(); !ok {
		t.Error("no third compaction where three are allowed")
	}
	q.allow(10)
	s.Unregister()
	if ok, _ := s.TrySchedule(); ok {
		t.Error("a compaction began after the end")
	}
}

// TestSchedulerLooksAtTheBacklog: a kept compaction begins when the backlog
// allows more, also if Pebble does not say so.
func TestSchedulerLooksAtTheBacklog(t *testing.T) {
	q := &queue{kept: 1, granted: make(chan pebble.CompactionGrantHandle, 1)}
	s := newScheduler()
	s.Register(2, q)
	s.start()
	q.allow(1)
	(<-q.granted).Done()
	s.Unregister()
}

// TestCompactionsOfAnOpenBegin: tables that a crash left behind are compacted
// after the opening without a further write.
func TestCompactionsOfAnOpenBegin(t *testing.T) {
	mem := crashedStore(t)
	d, err := Open("db", faultOptions(mem))
	if err != nil {
		t.Fatal(err)
	}
	defer closeTest(t, d)
	require.Eventually(t, func() bool { return d.Metrics().Compact.Count > 0 }, time.Minute, time.Millisecond)
}
