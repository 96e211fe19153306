package httpfront

import (
	"container/list"
	"time"
)

// A stranger is a connection on which no request of a known user has been
// allowed yet. When all connections are taken, a stranger gives way to whoever
// comes: a flood of connections that say nothing, or that ask for what everybody
// may have and do not read it, then costs itself, and not those that are served.
// A newcomer waits a little in the accept loop until one may give way or a place
// is free, and the kernel keeps those behind it.

const (
	// displacedAmong is how many of the strangers that wait longest are compared
	// for the one that gives way.
	displacedAmong = 16
	// minArrivalTime and maxArrivalTime bound how long a connection has to send
	// its head before it may have to give way: arrivalTimeEach for each that is
	// allowed, since among many there is time for each. Under a flood of
	// connections each would make way for the next otherwise, before anything of
	// it is read.
	minArrivalTime  = time.Second
	maxArrivalTime  = 4 * time.Second
	arrivalTimeEach = 25 * time.Millisecond
	// answerFactor is how many times as long the server has for a client that has
	// done its part, on a busy processor too, until something is allowed to it.
	answerFactor = 2
	// stalledTime is how long a client that was allowed its request as anybody
	// may leave a write waiting: an answer that nobody reads gives way, one that
	// is taken does not.
	stalledTime = time.Second
	// yieldTime is how long a newcomer waits for a place, in the accept loop,
	// before it gets 503. While there are strangers it waits longer: one of them
	// will give way or be done.
	yieldTime = time.Second
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
// first of the address with the most connections; nil if there is none now.
func (s *strangers) longest(perIP map[string]int, now time.Time, arrival time.Duration) (found *conn) {
	compared := 0
	for e := s.list.Front(); e != nil && compared < displacedAmong; e = e.Next() {
		c := e.Value.(*conn)
		if !c.mayGiveWay(now, arrival) {
			continue
		}
		compared++
		if found == nil || perIP[c.key] > perIP[found.key] {
			found = c
		}
	}
	return found
}

// patience is how long a newcomer waits for a place.
func (s *strangers) patience(arrival time.Duration) time.Duration {
	if s.list.Len() > 0 {
		return answerFactor*arrival + stalledTime + yieldTime
	}
	return yieldTime
}

// arrivalTime is how long a connection among so many has to send its head.
func arrivalTime(connections int) time.Duration {
	return min(max(minArrivalTime, time.Duration(connections)*arrivalTimeEach), maxArrivalTime)
}

// mayGiveWay says whether a stranger may give way now.
func (c *conn) mayGiveWay(now time.Time, arrival time.Duration) bool {
	if c.granted.Load() {
		began := c.writing.Load()
		return began != 0 && time.Duration(now.UnixNano()-began) >= stalledTime
	}
	switch age := now.Sub(c.arrived); {
	case age >= answerFactor*arrival:
		return true
	case age >= arrival:
		return !c.asked.Load() && !c.hasSent()
	}
	return false
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
