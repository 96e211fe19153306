// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"sync"
	"time"

	"needletail/objstore/cluster/nodes"
	"needletail/objstore/cluster/wire"
)

// connecting is the beginning of an upload: a node is looked for each head of the
// request. The place of a head has up to two workers: the first, and a second if
// the first one's node is silent while half of the nodes are ready, or is known to
// be late. A node that comes too late is given up. The worker waits on, so that a
// node which hangs is counted as a failure and limited.
//
// Swift's proxy waits node_timeout for each silent node
// (swift/proxy/controllers/obj.py: _get_put_connections).
type connecting struct {
	*upload
	heads  []wire.Header
	lanes  []*lane // of the places; nil: none yet
	second []bool  // places with a second worker
	ready  int     // places with a lane
	left   int     // workers whose end is not known yet
	events chan connected

	// mu guards the following.
	mu      sync.Mutex
	asked   []nodes.Node // the last node of the first worker of a place
	running int          // workers
	resort  bool         // limited nodes are asked behind all others
	over    bool
}

// connected is an event of a worker.
type connected struct {
	place int
	lane  *lane // nil: no node is left for the worker
	late  bool  // the worker runs, and asks a late node
}

// connectAll finds a node for each head, all at once
// (swift/proxy/controllers/obj.py: _get_put_connections). Without some nodes the
// upload goes on, if a quorum is ready.
func (u *upload) connectAll(ctx context.Context, heads []wire.Header) {
	n := len(heads)
	c := &connecting{
		upload: u, heads: heads, lanes: make([]*lane, n), second: make([]bool, n), asked: make([]nodes.Node, n),
		events: make(chan connected, 4*n), // of each place three ends, and a late node
	}
	c.startFirst(ctx)
	c.await(ctx)
	if c.ready < c.quorum && ctx.Err() == nil {
		c.lastResort(ctx)
	}
	c.end()
	for _, l := range c.lanes {
		if l != nil {
			u.lanes = append(u.lanes, l)
		}
	}
}

// await returns when all places have a lane, when no worker is left, or when the
// upload can go on without the nodes that are silent.
func (c *connecting) await(ctx context.Context) {
	var slow <-chan time.Time // nil before half of the nodes are ready
	armed, patient := false, true
	for c.left > 0 && c.ready < len(c.heads) && (patient || c.ready < c.quorum) {
		if !armed && 2*c.ready >= len(c.heads) {
			armed, slow = true, c.after(c.options.For(c.policy).ConcurrencyTimeout)
		}
		select {
		case e := <-c.events:
			if e.late {
				c.startSecond(ctx, e.place)
				continue
			}
			c.left--
			c.take(e)
		case <-slow:
			before := c.left
			if c.ready < c.quorum {
				c.askLimited()
			}
			for place := range c.lanes {
				c.startSecond(ctx, place)
			}
			patient, slow = c.left > before, c.after(c.options.PostQuorumTimeout)
		}
	}
}

// startFirst starts the first workers of all places without a lane.
func (c *connecting) startFirst(ctx context.Context) {
	for place, l := range c.lanes {
		if l == nil {
			c.start(ctx, place, true)
		}
	}
}

// lastResort asks the nodes that are limited, after all workers have ended without
// a quorum. Swift's proxy answers 503 there.
func (c *connecting) lastResort(ctx context.Context) {
	c.askLimited()
	c.startFirst(ctx)
	c.await(ctx)
}

// askLimited lets workers ask limited nodes behind all others.
func (c *connecting) askLimited() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.resort = true
}

// startSecond starts the second worker of a place, if there is none.
func (c *connecting) startSecond(ctx context.Context, place int) {
	if c.second[place] || c.lanes[place] != nil {
		return
	}
	c.second[place] = true
	c.mu.Lock()
	n := c.asked[place]
	c.mu.Unlock()
	if n.Device != nil {
		c.nodes.Overtaken(n.Device)
	}
	c.start(ctx, place, false)
}

// take gives a place its lane. A second lane of a place is not needed.
func (c *connecting) take(e connected) {
	switch {
	case e.lane == nil:
		c.second[e.place] = true // no node is left for a second worker either
	case c.lanes[e.place] == nil:
		c.lanes[e.place] = e.lane
		c.ready++
	default:
		e.lane.drop()
	}
}

// start starts a worker.
func (c *connecting) start(ctx context.Context, place int, first bool) {
	c.left++
	c.mu.Lock()
	c.running++
	c.mu.Unlock()
	c.Store.running.Add(1)
	go func() {
		defer c.Store.running.Done()
		l := c.connect(ctx, place, first)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.running--
		if !c.over {
			c.events <- connected{place: place, lane: l}
			return
		}
		if l != nil {
			l.drop()
		}
		c.results <- outcome{}
	}()
}

// end ends the search. Workers that run on become results of the upload.
func (c *connecting) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.over = true
	for len(c.events) > 0 {
		if e := <-c.events; !e.late {
			c.take(e)
		}
	}
	c.late = c.running
	c.results = make(chan outcome, len(c.heads)+c.late)
}

// connect asks nodes to take the upload until a node says 100, or gives a final
// answer below 500 (swift/proxy/controllers/obj.py: _connect_put_node). Nil: no
// node is left, or none is wanted any more.
func (c *connecting) connect(ctx context.Context, place int, first bool) *lane {
	for told := !first; ctx.Err() == nil; {
		n, ok := c.next(place, first, &told)
		if !ok {
			return nil
		}
		if l := c.connectTo(ctx, n, c.heads[place]); l != nil {
			return l
		}
	}
	return nil
}

// next is the next node of a worker. The first worker tells once that its node is
// late.
func (c *connecting) next(place int, first bool, told *bool) (nodes.Node, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.over {
		return nodes.Node{}, false
	}
	n, ok := c.it.Next()
	if !ok && c.resort {
		n, ok = c.it.Skipped()
	}
	if !ok {
		return n, false
	}
	if first {
		c.asked[place] = n
	}
	if !*told && !c.resort && c.nodes.Late(n.Device) {
		*told = true
		c.events <- connected{place: place, late: true}
	}
	return n, true
}

// drop gives a lane up that was not started.
func (l *lane) drop() {
	if l.final == nil {
		l.put.Abort()
	}
}
