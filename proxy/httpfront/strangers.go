package httpfront

import (
	"container/list"
	"time"
)

// A stranger is a connection on which no request of a known user has been
// allowed yet. When all connections are taken, a stranger gives way to whoever
// comes: a flood of connections that say nothing, or that ask for what everybody
// may have and do not read it, then costs itself, and not those that are served.
// A newcomer waits in the accept loop until one may give way, and the kernel
// keeps those behind it.

const (
	// displacedAmong is how many of the strangers that wait longest are compared
	// for the one that gives way.
	displacedAmong = 16
	// arrivalTime is how long a connection has to send its head and be allowed
	// something before it may have to give way. Under a flood of connections each
	// would make way for the next otherwise, before anything of it is read.
	arrivalTime = 250 * time.Millisecond
	// stalledTime is how long a client that was allowed its request as anybody
	// may leave a write waiting, and slowTime after how much of it a newcomer
	// waits for the rest: an answer that nobody reads gives way, one that is
	// taken does not.
	stalledTime = time.Second
	slowTime    = stalledTime / 4
	// yieldPause is how often a newcomer looks whether somebody may give way by
	// now.
	yieldPause = 5 * time.Millisecond
)

// strangers are the connections of strangers in the order of their arrival;
// Server.mu guards it.
type strangers struct{ list list.List }

func (s *strangers) add(c *conn) { c.arrived, c.waiting = time.Now(), s.list.PushBack(c) }

func (s *strangers) remove(c *conn) {
	if c.waiting != nil {
		s.list.Remove(c.waiting)
		c.waiting = nil
	}
}

// longest gives the stranger that is to give way: of those that wait longest, the
// first of the address with the most connections. If there is none, soon says
// whether there will be one if nothing changes; else all strangers are being
// served with a right that was given to them.
func (s *strangers) longest(perIP map[string]int, now time.Time) (found *conn, soon bool) {
	compared := 0
	for e := s.list.Front(); e != nil && compared < displacedAmong; e = e.Next() {
		c := e.Value.(*conn)
		may, later := c.mayGiveWay(now)
		soon = soon || later
		if !may {
			continue
		}
		compared++
		if found == nil || perIP[c.key] > perIP[found.key] {
			found = c
		}
	}
	return found, soon
}

// mayGiveWay says whether a stranger may give way now, or else will soon.
func (c *conn) mayGiveWay(now time.Time) (may, soon bool) {
	if !c.granted.Load() {
		may = now.Sub(c.arrived) >= arrivalTime
		return may, !may
	}
	began := c.writing.Load()
	if began == 0 {
		return false, false
	}
	waits := time.Duration(now.UnixNano() - began)
	return waits >= stalledTime, waits >= slowTime
}

// grant notes that the running request is allowed; known says to a user, after
// which the connection is no stranger any more.
func (c *conn) grant(known bool) {
	c.granted.Store(true)
	if !known || c.known.Swap(true) {
		return
	}
	c.srv.mu.Lock()
	defer c.srv.mu.Unlock()
	c.srv.strangers.remove(c)
}
