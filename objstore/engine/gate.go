package engine

import "sync"

// gate counts running operations and turns new ones away once it is closed.
type gate struct {
	mu      sync.Mutex // protects the fields below
	closed  bool
	running int
	idle    chan struct{} // closed by the last operation; made by close
}

// enter is true if the operation may run; it must leave then.
func (g *gate) enter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return false
	}
	g.running++
	return true
}

func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.running--
	if g.closed && g.running == 0 {
		close(g.idle)
	}
}

// close waits for the operations that run; false if the gate was closed before.
func (g *gate) close() bool {
	g.mu.Lock()
	if g.closed {
		g.mu.Unlock()
		return false
	}
	g.closed, g.idle = true, make(chan struct{})
	if g.running == 0 {
		close(g.idle)
	}
	g.mu.Unlock()
	<-g.idle
	return true
}
