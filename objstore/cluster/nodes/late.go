// SPDX-License-Identifier: Apache-2.0

package nodes

import (
	"sync"
	"sync/atomic"
	"time"

	"needletail/ring"
)

// lateness remembers nodes that were silent while other nodes answered. Such a
// node may hang: requests that need not wait for the node do not, until the node
// answers again. Swift knows no such nodes, and waits for each request anew until
// the node is limited. Lateness is no error: a node under load is late now and
// then, and to leave the node out would load the others.
type lateness struct {
	rest time.Duration // after which a late node is given another chance
	now  func() time.Time

	// count is the size of until: a cluster without late nodes needs no lock.
	count atomic.Int64
	mu    sync.Mutex
	until map[nodeKey]time.Time
}

// Overtaken notes that a node said nothing while another node was asked in its
// place.
func (l *lateness) Overtaken(d *ring.Device) {
	l.mu.Lock()
	defer l.mu.Unlock()
	key, now := keyOf(d), l.now()
	if _, known := l.until[key]; !known && len(l.until) >= maxTracked {
		l.makeRoom(now)
	}
	l.until[key] = now.Add(l.rest)
	l.count.Store(int64(len(l.until)))
}

// makeRoom drops the nodes that have rested, or else any node.
func (l *lateness) makeRoom(now time.Time) {
	var last nodeKey
	for key, until := range l.until {
		if last = key; !now.Before(until) {
			delete(l.until, key)
		}
	}
	if len(l.until) >= maxTracked {
		delete(l.until, last)
	}
}

// Answered notes a sign of life.
func (l *lateness) Answered(d *ring.Device) {
	if l.count.Load() == 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.until, keyOf(d))
	l.count.Store(int64(len(l.until)))
}

// Late reports whether a node was overtaken, and has said nothing since.
func (l *lateness) Late(d *ring.Device) bool {
	if l.count.Load() == 0 {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	key := keyOf(d)
	until, ok := l.until[key]
	if ok && !l.now().Before(until) {
		delete(l.until, key)
		l.count.Store(int64(len(l.until)))
		return false
	}
	return ok
}

// lateLast puts late nodes behind the others.
func (l *lateness) lateLast(nodes []Node) {
	if l.count.Load() == 0 {
		return
	}
	sortBy(nodes, func(n Node) int {
		if l.Late(n.Device) {
			return 1
		}
		return 0
	})
}
