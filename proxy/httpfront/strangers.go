// SPDX-License-Identifier: Apache-2.0

package httpfront

import (
	"container/list"
	"time"
)

// A stranger is a connection without an allowed request of a known user so far.
// When all connections are taken, a stranger gives way to a newcomer. A flood
// of connections that send nothing, or that ask for public objects and do not
// read them, then harms the flood and not the served clients. A newcomer waits
// a little in the accept loop until a stranger may give way or a place is free.
// The kernel keeps the connections behind the newcomer.

const (
	// displacedAmong is how many of the longest-waiting strangers are compared
	// to find the stranger that gives way.
	displacedAmong = 16
	// minArrivalTime and maxArrivalTime bound how long a connection has to send
	// its head before it may have to give way: arrivalTimeEach for each
	// connection that the server permits, since among many there is time for
	// each. With less time, in a flood of connections, each connection would
	// give way to the next before any byte of it is read.
	minArrivalTime  = time.Second
	maxArrivalTime  = 4 * time.Second
	arrivalTimeEach = 25 * time.Millisecond
	// answerFactor: a client that has sent its head has answerFactor times the
	// arrival time until the server has allowed something, because the
	// processor may be busy.
	answerFactor = 2
	// stalledTime is how long a write may wait for a client whose request is
	// allowed to everybody. The connection of an unread answer gives way. The
	// connection of an answer that is being read does not.
	stalledTime = time.Second
	// yieldTime is how long a newcomer waits in the accept loop for a place
	// before the answer is 503. While there are strangers the newcomer waits
	// longer: a stranger will give way or end.
	yieldTime = time.Second
	// yieldPause is the pause between two searches for a stranger that may give
	// way.
	yieldPause = 5 * time.Millisecond
)

// strangers are the connections of strangers in the order of their arrival.
// Server.mu guards the list.
type strangers struct{ list list.List }

func (s *strangers) add(c *conn) { c.arrived, c.waiting = time.Now(), s.list.PushBack(c) }

func (s *strangers) remove(c *conn) {
	if c.waiting != nil {
		s.list.Remove(c.waiting)
		c.waiting = nil
	}
}

// longest returns the stranger that is to give way, or nil if no stranger may
// give way now. Among the displacedAmong strangers that have waited longest, it
// is the first of the address with the most connections.
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

// patience returns how long a newcomer waits for a place.
func (s *strangers) patience(arrival time.Duration) time.Duration {
	if s.list.Len() > 0 {
		return answerFactor*arrival + stalledTime + yieldTime
	}
	return yieldTime
}

// arrivalTime returns how long a connection has to send its head, given the
// limit on connections.
func arrivalTime(connections int) time.Duration {
	return min(max(minArrivalTime, time.Duration(connections)*arrivalTimeEach), maxArrivalTime)
}

// mayGiveWay reports whether a stranger may give way now.
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

// grant notes that the running request is allowed. known is true for a request
// of a known user. The connection is no stranger then.
func (c *conn) grant(known bool) {
	c.granted.Store(true)
	if !known || c.known.Swap(true) {
		return
	}
	c.srv.mu.Lock()
	defer c.srv.mu.Unlock()
	c.srv.strangers.remove(c)
}
