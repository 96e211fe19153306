// SPDX-License-Identifier: Apache-2.0

package pipe

import "sync"

// Pool has up to a number of pipes. A Pool is safe for concurrent use. A nil Pool
// has none.
type Pool struct {
	mu     sync.Mutex
	left   int // pipes that may still be made
	idle   []*Pipe
	closed bool
}

// NewPool returns a Pool of at most pipesMax pipes, each of two descriptors.
func NewPool(pipesMax int) *Pool { return &Pool{left: pipesMax} }

// Take returns an empty pipe, or nil if no pipe is free. The caller gives the
// pipe back.
func (pool *Pool) Take() *Pipe {
	if pool == nil {
		return nil
	}
	pool.mu.Lock()
	defer pool.mu.Unlock()
	if n := len(pool.idle); n > 0 {
		p := pool.idle[n-1]
		pool.idle = pool.idle[:n-1]
		return p
	}
	if pool.left <= 0 || pool.closed {
		return nil
	}
	p, err := open(pool)
	if err != nil {
		return nil
	}
	pool.left--
	return p
}

// give takes a pipe back.
func (pool *Pool) give(p *Pipe) {
	pool.mu.Lock()
	defer pool.mu.Unlock()
	if p.held == 0 && !pool.closed {
		pool.idle = append(pool.idle, p)
		return
	}
	p.close()
	pool.left++
}

// Close closes the pipes that are not in use, and each further pipe when the
// pipe is given back.
func (pool *Pool) Close() {
	if pool == nil {
		return
	}
	pool.mu.Lock()
	defer pool.mu.Unlock()
	pool.closed = true
	for _, p := range pool.idle {
		p.close()
	}
	pool.left += len(pool.idle)
	pool.idle = nil
}
