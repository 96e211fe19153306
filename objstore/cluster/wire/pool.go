// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"sync"
	"time"
)

// pool keeps idle connections, of each node the newest last.
type pool struct {
	perNode, total int
	age            time.Duration

	// mu guards the following.
	mu     sync.Mutex
	idle   map[string][]*conn
	count  int
	closed bool
	sweeps *time.Timer // not nil while count > 0
}

// get takes the newest idle connection to a node that still lives, or nil.
func (p *pool) get(addr string) *conn {
	for {
		c := p.pop(addr)
		if c == nil {
			return nil
		}
		// A node says nothing on an idle connection: bytes are an answer to no
		// request, and readable without bytes means closed.
		if time.Since(c.idleSince) < p.age && !c.look() {
			c.reused = true
			return c
		}
		c.close()
	}
}

func (p *pool) pop(addr string) *conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := p.idle[addr]
	if len(list) == 0 {
		return nil
	}
	c := list[len(list)-1]
	list[len(list)-1] = nil
	p.keep(addr, list[:len(list)-1])
	p.count--
	return c
}

// keep stores the list of a node. The lock is held.
func (p *pool) keep(addr string, list []*conn) {
	if len(list) == 0 {
		delete(p.idle, addr)
	} else {
		p.idle[addr] = list
	}
}

// put keeps a connection for later, or closes the connection where there is no
// room.
func (p *pool) put(c *conn) {
	c.idleSince = time.Now()
	if !p.push(c) {
		c.close()
	}
}

func (p *pool) push(c *conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := p.idle[c.addr]
	if p.closed || p.count >= p.total || len(list) >= p.perNode {
		return false
	}
	if p.idle == nil {
		p.idle = map[string][]*conn{}
	}
	p.idle[c.addr] = append(list, c)
	p.count++
	if p.sweeps == nil {
		p.sweeps = time.AfterFunc(p.age, p.sweep)
	}
	return true
}

// sweep closes the connections that are too old.
func (p *pool) sweep() {
	for _, c := range p.expired(time.Now().Add(-p.age)) {
		c.close()
	}
}

func (p *pool) expired(before time.Time) []*conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	var old []*conn
	for addr, list := range p.idle {
		n := 0
		for n < len(list) && !list[n].idleSince.After(before) {
			n++
		}
		if n == 0 {
			continue
		}
		old = append(old, list[:n]...)
		p.keep(addr, append([]*conn(nil), list[n:]...))
	}
	p.count -= len(old)
	if p.count > 0 {
		p.sweeps.Reset(p.age)
	} else {
		p.sweeps = nil
	}
	return old
}

// close closes all idle connections; connections put later are closed at once.
func (p *pool) close() {
	p.mu.Lock()
	idle := p.idle
	p.idle, p.count, p.closed = nil, 0, true
	if p.sweeps != nil {
		p.sweeps.Stop()
		p.sweeps = nil
	}
	p.mu.Unlock()
	for _, list := range idle {
		for _, c := range list {
			c.close()
		}
	}
}
