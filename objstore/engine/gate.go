package engine

import "sync/atomic"

// gate counts running operations and turns new ones away once it is closed.
// Every operation passes it twice, so it is one word.
type gate struct {
	// state is twice the number of running operations, plus 1 once closed.
	state atomic.Int64
	idle  atomic.Pointer[chan struct{}] // closed by the last operation; made by close
}

const (
	gateClosed    = 1
	gateOperation = 2
)

// enter is true if the operation may run; it must leave then.
func (g *gate) enter() bool {
	if g.state.Add(gateOperation)&gateClosed == 0 {
		return true
	}
	g.leave()
	return false
}

func (g *gate) leave() {
	// After close the count can touch zero more than once: an operation that is
	// turned away counts while it is.
	if g.state.Add(-gateOperation) == gateClosed {
		if idle := g.idle.Swap(nil); idle != nil {
			close(*idle)
		}
	}
}

// close waits for the operations that run; false if the gate was closed before.
func (g *gate) close() bool {
	idle := make(chan struct{})
	if !g.idle.CompareAndSwap(nil, &idle) {
		return false
	}
	before := g.state.Or(gateClosed)
	if before&gateClosed != 0 {
		return false
	}
	if before == 0 {
		return true
	}
	<-idle
	return true
}
