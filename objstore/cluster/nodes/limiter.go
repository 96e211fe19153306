// SPDX-License-Identifier: Apache-2.0

package nodes

import (
	"sync"
	"sync/atomic"
	"time"

	"needletail/ring"
)

// maxTracked bounds the nodes with errors, and the addresses with timings, that
// are remembered at once. A cluster of that many disks has 2^16.
const maxTracked = 1 << 16

// nodeKey names a disk of a server: "ip:port/device" in Swift.
type nodeKey struct {
	ip     string
	port   int
	device string
}

func keyOf(d *ring.Device) nodeKey { return nodeKey{d.IP, d.Port, d.Device} }

// Limiter counts the errors of nodes (swift/common/error_limiter.py). A Limiter
// is safe for concurrent use.
type Limiter struct {
	interval time.Duration
	limit    int
	now      func() time.Time

	// count is the size of nodes: a cluster without errors needs no lock.
	count atomic.Int64
	mu    sync.Mutex
	nodes map[nodeKey]errorCount
}

type errorCount struct {
	errors int
	last   time.Time
}

// NewLimiter makes a Limiter. A node is limited with more than limit errors, and
// forgotten after interval without an error. A nil clock is time.Now.
func NewLimiter(interval time.Duration, limit int, now func() time.Time) *Limiter {
	if now == nil {
		now = time.Now
	}
	return &Limiter{interval: interval, limit: limit, now: now, nodes: map[nodeKey]errorCount{}}
}

// Limited reports whether requests leave a node out.
func (l *Limiter) Limited(d *ring.Device) bool {
	if l.count.Load() == 0 {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	key := keyOf(d)
	c, ok := l.nodes[key]
	if !ok {
		return false
	}
	if l.forgotten(c) {
		delete(l.nodes, key)
		l.count.Store(int64(len(l.nodes)))
		return false
	}
	return c.errors > l.limit
}

func (l *Limiter) forgotten(c errorCount) bool { return l.now().Sub(c.last) > l.interval }

// Failed counts an error: a connect or an answer that did not come, a status of
// 500 and above, a broken body. Failed reports whether the node is limited now.
func (l *Limiter) Failed(d *ring.Device) bool { return l.add(d, 1) }

// Limit limits a node at once, as an answer 507 does: the disk is full, or not
// there.
func (l *Limiter) Limit(d *ring.Device) { l.add(d, l.limit+1) }

func (l *Limiter) add(d *ring.Device, errors int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	key := keyOf(d)
	c, known := l.nodes[key]
	if known && l.forgotten(c) {
		c = errorCount{}
	}
	if !known && len(l.nodes) >= maxTracked {
		l.makeRoom()
	}
	// More errors than the limit tell nothing more, and cannot overflow.
	c.errors = min(c.errors+errors, l.limit+1)
	c.last = l.now()
	l.nodes[key] = c
	l.count.Store(int64(len(l.nodes)))
	return c.errors > l.limit
}

// makeRoom drops the forgotten nodes, or else the node whose last error is the
// oldest.
func (l *Limiter) makeRoom() {
	var oldest nodeKey
	var at time.Time
	for key, c := range l.nodes {
		if l.forgotten(c) {
			delete(l.nodes, key)
		} else if at.IsZero() || c.last.Before(at) {
			oldest, at = key, c.last
		}
	}
	if len(l.nodes) >= maxTracked {
		delete(l.nodes, oldest)
	}
}

// timings are the last connect times of servers, by IP address.
type timings struct {
	expiry time.Duration
	now    func() time.Time
	mu     sync.Mutex
	byIP   map[string]timing
}

type timing struct {
	ms      int64
	expires time.Time
}

// set stores a connect time, rounded to milliseconds: closer times are equal.
func (t *timings) set(ip string, took time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	if _, known := t.byIP[ip]; !known && len(t.byIP) >= maxTracked {
		t.makeRoom(now)
	}
	t.byIP[ip] = timing{ms: took.Round(time.Millisecond).Milliseconds(), expires: now.Add(t.expiry)}
}

// makeRoom drops the expired times, or else the time that expires first.
func (t *timings) makeRoom(now time.Time) {
	var oldest string
	var at time.Time
	for ip, m := range t.byIP {
		if !m.expires.After(now) {
			delete(t.byIP, ip)
		} else if at.IsZero() || m.expires.Before(at) {
			oldest, at = ip, m.expires
		}
	}
	if len(t.byIP) >= maxTracked {
		delete(t.byIP, oldest)
	}
}

// get returns the milliseconds of a server, and -1 if no time is known: unknown
// servers come first, and get a time.
func (t *timings) get(ip string) int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	if m, ok := t.byIP[ip]; ok && m.expires.After(t.now()) {
		return m.ms
	}
	return -1
}
