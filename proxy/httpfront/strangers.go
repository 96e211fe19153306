package httpfront

import "container/list"

// A stranger is a connection on which no request of a known user has been
// allowed yet. When all connections are taken, a stranger gives way to whoever
// comes: a flood of connections that say nothing then costs itself, and not
// those that are served.

// displacedAmong is how many of the strangers that wait longest are compared
// for the one that gives way.
const displacedAmong = 16

// strangers are the connections of strangers in the order of their arrival;
// Server.mu guards it.
type strangers struct{ list list.List }

func (s *strangers) add(c *conn) { c.waiting = s.list.PushBack(c) }

func (s *strangers) remove(c *conn) {
	if c.waiting != nil {
		s.list.Remove(c.waiting)
		c.waiting = nil
	}
}

// longest gives the stranger that is to give way: of those that wait longest,
// the first of the address with the most connections. Nil if all strangers are
// being served with a right that was given to them.
func (s *strangers) longest(perIP map[string]int) *conn {
	var found *conn
	compared := 0
	for e := s.list.Front(); e != nil && compared < displacedAmong; e = e.Next() {
		c := e.Value.(*conn)
		if c.granted.Load() {
			continue
		}
		compared++
		if found == nil || perIP[c.key] > perIP[found.key] {
			found = c
		}
	}
	return found
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
