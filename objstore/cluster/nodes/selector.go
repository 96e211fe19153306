// SPDX-License-Identifier: Apache-2.0

package nodes

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"time"

	"needletail/objstore"
	"needletail/objstore/cluster/swiftconf"
	"needletail/ring"
)

// Selector chooses nodes for all requests of a process. A Selector is safe for
// concurrent use.
type Selector struct {
	*Limiter
	lateness
	options *swiftconf.Options
	timings *timings // nil if no order depends on timings
	shuffle func(n int, swap func(i, j int))
}

// SelectorOptions are the arguments of New that most callers leave empty.
type SelectorOptions struct {
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// Shuffle stands for rand.Shuffle.
	Shuffle func(n int, swap func(i, j int))
}

// New makes a Selector. The options must not change.
func New(options *swiftconf.Options, o SelectorOptions) *Selector {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Shuffle == nil {
		o.Shuffle = rand.Shuffle
	}
	s := &Selector{
		Limiter: NewLimiter(options.ErrorSuppressionInterval, options.ErrorSuppressionLimit, o.Now),
		options: options,
		shuffle: o.Shuffle,
	}
	s.lateness = lateness{rest: options.NodeTimeout, now: o.Now, until: map[nodeKey]time.Time{}}
	byTiming := options.SortingMethod == swiftconf.SortTiming
	for _, p := range options.PerPolicy {
		byTiming = byTiming || p.SortingMethod == swiftconf.SortTiming
	}
	if byTiming {
		s.timings = &timings{expiry: options.TimingExpiry, now: o.Now, byIP: map[string]timing{}}
	}
	return s
}

// Connected stores how long a connect to a node took.
func (s *Selector) Connected(d *ring.Device, took time.Duration) {
	if s.timings != nil {
		s.timings.set(d.IP, took)
	}
}

// sort puts nodes into the order in which they are asked
// (swift/proxy/server.py: sort_nodes). Nodes that the order holds for equal are
// in random order. Late nodes are last.
func (s *Selector) sort(nodes []Node, o *swiftconf.PolicyOptions) {
	s.shuffle(len(nodes), func(i, j int) { nodes[i], nodes[j] = nodes[j], nodes[i] })
	switch o.SortingMethod {
	case swiftconf.SortTiming:
		sortBy(nodes, func(n Node) int64 { return s.timings.get(n.IP) })
	case swiftconf.SortAffinity:
		sortBy(nodes, func(n Node) int { return o.ReadAffinity.Number(n.Device) })
	}
	s.lateLast(nodes)
}

// sortBy sorts by a key that is asked for once for each node: a timing may
// change while nodes are sorted.
func sortBy[K cmp.Ordered](nodes []Node, key func(Node) K) {
	type keyed struct {
		key  K
		node Node
	}
	list := make([]keyed, len(nodes))
	for i, n := range nodes {
		list[i] = keyed{key(n), n}
	}
	slices.SortStableFunc(list, func(a, b keyed) int { return cmp.Compare(a.key, b.key) })
	for i, k := range list {
		nodes[i] = k.node
	}
}

// Request says what a walk is for.
type Request struct {
	Ring      *ring.Ring
	Partition uint32
	// Policy is the policy of an object. Accounts and containers leave Policy
	// nil.
	Policy *objstore.PolicyIndex
	Order  Order
	// ReplicationNetwork is X-Backend-Use-Replication-Network of the request.
	ReplicationNetwork bool
}

// Order is what a write affinity does to a walk.
type Order uint8

const (
	// AnyRegion leaves the write affinity out: GET, HEAD, POST.
	AnyRegion Order = iota
	// LocalFirst is the order of a PUT: local nodes, also handoffs, first.
	LocalFirst
	// LocalHandoffs is the order of a DELETE: the primaries, then local
	// handoffs, where a PUT may have left the object.
	LocalHandoffs
)

// policyOptions are the options for a request.
func (s *Selector) policyOptions(policy *objstore.PolicyIndex) swiftconf.PolicyOptions {
	if policy == nil {
		return s.options.PolicyOptions
	}
	return s.options.For(*policy)
}
