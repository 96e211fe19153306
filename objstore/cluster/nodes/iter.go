// SPDX-License-Identifier: Apache-2.0

package nodes

import (
	"slices"
	"sync"

	"needletail/objstore/cluster/swiftconf"
	"needletail/ring"
)

// Iter gives the nodes of a request, one at a time
// (swift/proxy/controllers/base.py: NodeIter). An Iter is safe for concurrent
// use: the workers of a request share it.
type Iter struct {
	limiter     *Limiter
	primaries   int // number of the partition's nodes
	replication bool

	mu     sync.Mutex
	sorted []Node // first part of the walk, in the order of the sort
	rest   handoffs
	budget int // nodes that may still be used up
	// skipped are limited nodes that were left out, not more than SkippedMax for
	// each primary.
	skipped []Node
	last    *Node // given out by the last Next
}

// SkippedMax bounds the limited nodes that a walk remembers, for each primary.
const SkippedMax = 2

// handoffs is the part of a walk behind the sorted nodes.
type handoffs struct {
	ring      *ring.Ring
	partition uint32
	ahead     []Node            // nodes that come before the walk
	walk      *ring.HandoffWalk // nil before the first handoff
	count     int               // handoffs that the walk gave
	without   []Node            // handoffs of the walk that were given out elsewhere
}

// Iter begins the walk of a request.
func (s *Selector) Iter(q Request) *Iter {
	o := s.policyOptions(q.Policy)
	first := primaries(q.Ring, q.Partition)
	n := len(first)
	it := &Iter{
		limiter:     s.Limiter,
		primaries:   n,
		replication: q.ReplicationNetwork,
		budget:      s.options.RequestNodeCount.Of(n),
		rest:        handoffs{ring: q.Ring, partition: q.Partition},
	}
	if o.WriteAffinity.On() {
		local := func(node Node) bool { return o.WriteAffinity.Local(node.Device) }
		switch q.Order {
		case LocalFirst:
			first = it.rest.localFirst(first, local, o.WriteAffinityNodeCount.Of(n))
		case LocalHandoffs:
			first = it.rest.localHandoffs(first, local, handoffDeletes(first, &o))
		}
	}
	// Swift sorts as many nodes as there are primaries, also where local
	// handoffs come before primaries elsewhere.
	it.sorted, it.rest.ahead = first[:n], first[n:]
	s.sort(it.sorted, &o)
	return it
}

// localFirst puts up to count local nodes, primaries and handoffs, before the
// other primaries (swift/proxy/controllers/obj.py: iter_nodes_local_first).
func (h *handoffs) localFirst(primaries []Node, local func(Node) bool, count int) []Node {
	var first, others []Node
	for _, n := range primaries {
		if len(first) < count && local(n) {
			first = append(first, n)
		} else {
			others = append(others, n)
		}
	}
	h.without = h.takeLocal(local, count-len(first))
	return slices.Concat(first, h.without, others)
}

// localHandoffs puts up to count local handoffs behind the primaries.
func (h *handoffs) localHandoffs(primaries []Node, local func(Node) bool, count int) []Node {
	h.without = h.takeLocal(local, count)
	return slices.Concat(primaries, h.without)
}

// takeLocal finds the first local handoffs, by a walk of its own. The walk of
// the request begins anew, and leaves these handoffs out.
func (h *handoffs) takeLocal(local func(Node) bool, count int) []Node {
	var found []Node
	walk, index := h.ring.HandoffWalk(h.partition), 0
	for len(found) < count {
		d, ok := walk.Next()
		if !ok {
			break
		}
		if n := (Node{Device: d, Index: -1, HandoffIndex: index}); local(n) {
			found = append(found, n)
		}
		index++
	}
	return found
}

// next returns the next handoff, limited or not.
func (h *handoffs) next() (Node, bool) {
	if len(h.ahead) > 0 {
		n := h.ahead[0]
		h.ahead = h.ahead[1:]
		return n, true
	}
	if h.walk == nil {
		h.walk = h.ring.HandoffWalk(h.partition)
	}
	for {
		d, ok := h.walk.Next()
		if !ok {
			return Node{}, false
		}
		n := Node{Device: d, Index: -1, HandoffIndex: h.count}
		h.count++
		if !slices.ContainsFunc(h.without, func(w Node) bool { return w.Device == d }) {
			return n, true
		}
	}
}

// Primaries is the number of the partition's nodes, with those that are limited.
func (it *Iter) Primaries() int { return it.primaries }

// Next returns the next node that is not limited, or false when the budget or
// the ring is used up.
func (it *Iter) Next() (Node, bool) {
	it.mu.Lock()
	defer it.mu.Unlock()
	// The node before is paid for now, because it may have become limited.
	if it.last != nil && !it.limiter.Limited(it.last.Device) {
		it.budget--
	}
	it.last = nil
	if it.budget > 0 {
		for n, ok := it.step(); ok; n, ok = it.step() {
			n.ReplicationNetwork = it.replication
			if !it.limiter.Limited(n.Device) {
				it.last = &n
				return n, true
			}
			if len(it.skipped) < SkippedMax*it.primaries {
				it.skipped = append(it.skipped, n)
			}
		}
	}
	return Node{}, false
}

// Skipped returns a node that Next left out, for a request that fails without the
// node. Each node is returned once.
func (it *Iter) Skipped() (Node, bool) {
	it.mu.Lock()
	defer it.mu.Unlock()
	if len(it.skipped) == 0 {
		return Node{}, false
	}
	n := it.skipped[0]
	it.skipped = it.skipped[1:]
	return n, true
}

// step returns the next node, limited or not.
func (it *Iter) step() (Node, bool) {
	if len(it.sorted) > 0 {
		n := it.sorted[0]
		it.sorted = it.sorted[1:]
		return n, true
	}
	return it.rest.next()
}

// PrimariesLeft is how many of the sorted nodes were not yet given out.
func (it *Iter) PrimariesLeft() int {
	it.mu.Lock()
	defer it.mu.Unlock()
	return len(it.sorted)
}

// Handoffs takes up to n handoffs out of the walk, limited or not, and without
// regard to the budget: those that answer for primaries which do not have an
// object (swift/proxy/controllers/obj.py: _post_object).
func (it *Iter) Handoffs(n int) []Node {
	it.mu.Lock()
	defer it.mu.Unlock()
	var list []Node
	for len(list) < n {
		node, ok := it.rest.next()
		if !ok {
			break
		}
		node.ReplicationNetwork = it.replication
		list = append(list, node)
	}
	return list
}

// HandoffDeletes is how many handoffs a DELETE of an object goes to, beside the
// primaries: 0 without a write affinity.
func (s *Selector) HandoffDeletes(q Request) int {
	o := s.policyOptions(q.Policy)
	return handoffDeletes(primaries(q.Ring, q.Partition), &o)
}

func handoffDeletes(primaries []Node, o *swiftconf.PolicyOptions) int {
	switch {
	case !o.WriteAffinity.On():
		return 0
	case o.WriteAffinityHandoffDeleteCount != swiftconf.AutoDeleteCount:
		return o.WriteAffinityHandoffDeleteCount
	}
	elsewhere := 0
	for _, n := range primaries {
		if !o.WriteAffinity.Local(n.Device) {
			elsewhere++
		}
	}
	return elsewhere
}
