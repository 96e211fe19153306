// SPDX-License-Identifier: Apache-2.0

package device

import "sync"

// dirSyncs shares syncs: callers that need the same directory on stable storage
// share a sync. A caller that comes during a sync waits for the next sync,
// together with all callers that come meanwhile.
type dirSyncs struct {
	mu   sync.Mutex
	dirs map[string]*dirSync
}

// dirSync is a directory being synced or waited for.
type dirSync struct {
	turn chan struct{} // holds one while a sync runs
	next *syncRound    // that may still be joined, or nil
}

// syncRound is a sync and all callers that wait for it.
type syncRound struct {
	done chan struct{}
	err  error // once done
}

// syncDirShared is syncDir, shared with further callers.
func (d *Device) syncDirShared(path string) error {
	q := &d.syncs
	q.mu.Lock()
	s := q.dirs[path]
	if s == nil {
		if q.dirs == nil {
			q.dirs = map[string]*dirSync{}
		}
		s = &dirSync{turn: make(chan struct{}, 1)}
		q.dirs[path] = s
	}
	if round := s.next; round != nil {
		q.mu.Unlock()
		<-round.done
		return round.err
	}
	round := &syncRound{done: make(chan struct{})}
	s.next = round
	q.mu.Unlock()

	s.turn <- struct{}{}
	q.mu.Lock()
	s.next = nil // what is renamed from here on is not in this one
	q.mu.Unlock()
	round.err = d.syncDir(path)
	<-s.turn
	q.mu.Lock()
	if s.next == nil && q.dirs[path] == s {
		delete(q.dirs, path)
	}
	q.mu.Unlock()
	close(round.done)
	return round.err
}
