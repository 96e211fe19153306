// SPDX-License-Identifier: Apache-2.0

package engine

import "sync/atomic"

// gate counts running operations and refuses new operations after close. Every
// operation changes the gate twice: the gate is a single atomic word.
type gate struct {
	// state is twice the number of running operations, plus 1 after close.
	state atomic.Int64
	idle  atomic.Pointer[chan struct{}] // closed by the last operation; made by close
}

const (
	gateClosed    = 1
	gateOperation = 2
)

// enter says whether the operation may run. After true the operation must call
// leave.
func (g *gate) enter() bool {
	if g.state.Add(gateOperation)&gateClosed == 0 {
		return true
	}
	g.leave()
	return false
}

// leave ends an operation. The last operation after close wakes close.
func (g *gate) leave() {
	// After close the count can touch zero more than once: an operation that is
	// refused counts for a moment.
	if g.state.Add(-gateOperation) == gateClosed {
		if idle := g.idle.Swap(nil); idle != nil {
			close(*idle)
		}
	}
}

// close waits for the running operations. false: the gate was closed before.
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
