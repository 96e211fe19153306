// SPDX-License-Identifier: Apache-2.0

package nodes

import (
	"fmt"
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"needletail/objstore"
	"needletail/objstore/cluster/swiftconf"
	"needletail/ring"
)

// buildRing makes a ring of 2 regions with 2 zones each, and a device in each of
// n servers.
func buildRing(t *testing.T, replicas float64, n int) *ring.Ring {
	t.Helper()
	b, err := ring.NewBuilder(6, replicas, 1)
	require.NoError(t, err)
	for i := range n {
		require.NoError(t, b.Add(ring.Device{ID: i, Region: 1 + i%2, Zone: 1 + i/2%2, Weight: 1, IP: fmt.Sprintf("10.0.0.%d", i+1), Port: 6200,
			ReplicationIP: fmt.Sprintf("10.1.0.%d", i+1), ReplicationPort: 6300, Device: "sda"}))
	}
	_, err = b.Rebalance(1)
	require.NoError(t, err)
	r, err := b.Ring(ring.Hash{})
	require.NoError(t, err)
	return r
}

// noShuffle leaves the primaries in the order of the ring.
func noShuffle(int, func(i, j int)) {}

// fixture is a Selector without chance, with a clock.
type fixture struct {
	*Selector
	clock   clock
	options swiftconf.Options
	ring    *ring.Ring
}

func newFixture(t *testing.T, change func(*swiftconf.Options)) *fixture {
	t.Helper()
	f := &fixture{options: swiftconf.DefaultOptions(), ring: buildRing(t, 3, 12)}
	if change != nil {
		change(&f.options)
	}
	f.Selector = New(&f.options, SelectorOptions{Now: f.clock.now, Shuffle: noShuffle})
	return f
}

func writeAffinity(t *testing.T, text string) swiftconf.WriteAffinity {
	t.Helper()
	a, err := swiftconf.ParseWriteAffinity(text)
	require.NoError(t, err)
	return a
}

// rest takes what a walk has left.
func rest(it *Iter) []Node {
	var list []Node
	for n, ok := it.Next(); ok; n, ok = it.Next() {
		list = append(list, n)
	}
	return list
}

func ids(list []Node) []int {
	var out []int
	for _, n := range list {
		out = append(out, n.ID)
	}
	return out
}

// order is the order of a partition: primaries, then handoffs.
func order(r *ring.Ring, partition uint32) (primaries, handoffs []int) {
	for _, d := range r.Nodes(partition) {
		primaries = append(primaries, d.ID)
	}
	for d := range r.Handoffs(partition) {
		handoffs = append(handoffs, d.ID)
	}
	return primaries, handoffs
}

func TestIter(t *testing.T) {
	f := newFixture(t, nil)
	primaries, handoffs := order(f.ring, 5)
	it := f.Iter(Request{Ring: f.ring, Partition: 5})
	require.Equal(t, 3, it.Primaries())
	require.Equal(t, 3, it.PrimariesLeft())
	n, ok := it.Next()
	require.True(t, ok)
	require.Equal(t, 2, it.PrimariesLeft())
	list := append([]Node{n}, rest(it)...)
	require.Equal(t, slices.Concat(primaries, handoffs[:3]), ids(list), "2 * replicas nodes")
	for i, n := range list {
		if i < 3 {
			require.Equal(t, i, n.Index)
			require.False(t, n.Handoff())
			require.Equal(t, -1, n.HandoffIndex)
		} else {
			require.Equal(t, -1, n.Index)
			require.True(t, n.Handoff())
			require.Equal(t, i-3, n.HandoffIndex)
		}
	}
	_, ok = it.Next()
	require.False(t, ok, "the end stays the end")
}

func TestIterOfThePartitionsThatAreThere(t *testing.T) {
	f := newFixture(t, nil)
	require.Empty(t, rest(f.Iter(Request{Ring: f.ring, Partition: 1 << 6})))
}

func TestIterBudget(t *testing.T) {
	for _, count := range []int{1, 2, 5, 12, 13} {
		f := newFixture(t, func(o *swiftconf.Options) { o.RequestNodeCount = swiftconf.NodeCount{N: count} })
		require.Len(t, rest(f.Iter(Request{Ring: f.ring, Partition: 5})), min(count, 12), "a budget of %d, 12 devices", count)
	}
}

// TestIterSkipsLimited: a node that is limited costs nothing, and is not given
// out later either.
func TestIterSkipsLimited(t *testing.T) {
	f := newFixture(t, nil)
	primaries, handoffs := order(f.ring, 5)
	f.Limit(f.ring.Devices()[primaries[1]])
	f.Limit(f.ring.Devices()[handoffs[0]])
	it := f.Iter(Request{Ring: f.ring, Partition: 5})
	list := rest(it)
	require.Equal(t, []int{primaries[0], primaries[2], handoffs[1], handoffs[2], handoffs[3], handoffs[4]}, ids(list))
	require.Equal(t, 4, list[5].HandoffIndex, "the index counts the limited too")
}

// TestIterDoesNotCountNodesThatBecameLimited: another node comes in their place.
func TestIterDoesNotCountNodesThatBecameLimited(t *testing.T) {
	f := newFixture(t, nil)
	primaries, handoffs := order(f.ring, 5)
	it := f.Iter(Request{Ring: f.ring, Partition: 5})
	var got []int
	for n, ok := it.Next(); ok; n, ok = it.Next() {
		got = append(got, n.ID)
		if len(got) <= 2 {
			f.Limit(n.Device)
		}
	}
	require.Equal(t, slices.Concat(primaries, handoffs[:5]), got)
}

// TestIterIsForgiven: a node whose rest ended during the request is asked.
func TestIterIsForgiven(t *testing.T) {
	f := newFixture(t, nil)
	primaries, _ := order(f.ring, 5)
	f.Limit(f.ring.Devices()[primaries[1]])
	it := f.Iter(Request{Ring: f.ring, Partition: 5})
	it.Next()
	f.clock.advance(f.options.ErrorSuppressionInterval + 1)
	require.Equal(t, primaries[1:], ids(rest(it))[:2])
}

func TestIterUsesTheReplicationNetwork(t *testing.T) {
	f := newFixture(t, nil)
	for _, n := range rest(f.Iter(Request{Ring: f.ring, Partition: 5, ReplicationNetwork: true})) {
		require.Equal(t, fmt.Sprintf("10.1.0.%d:6300", n.ID+1), n.Address())
	}
	it := f.Iter(Request{Ring: f.ring, Partition: 5})
	for _, n := range append(rest(it), it.Handoffs(1)...) {
		require.Equal(t, fmt.Sprintf("10.0.0.%d:6200", n.ID+1), n.Address())
		require.Equal(t, fmt.Sprintf("10.0.0.%d:6200/sda", n.ID+1), n.String())
	}
	it = f.Iter(Request{Ring: f.ring, Partition: 5, ReplicationNetwork: true})
	require.True(t, it.Handoffs(1)[0].ReplicationNetwork)
}

func TestNodeOfIPv6(t *testing.T) {
	n := Node{Device: &ring.Device{IP: "fd00::1", Port: 6200, Device: "sdb"}}
	require.Equal(t, "[fd00::1]:6200/sdb", n.String())
}

// TestIterShared: the workers of a request never have the same node.
func TestIterShared(t *testing.T) {
	f := newFixture(t, func(o *swiftconf.Options) { o.RequestNodeCount = swiftconf.NodeCount{N: 12} })
	it := f.Iter(Request{Ring: f.ring, Partition: 5})
	given := make([][]Node, 6)
	var wg sync.WaitGroup
	for w := range given {
		wg.Go(func() { given[w] = rest(it) })
	}
	wg.Wait()
	all := ids(slices.Concat(given...))
	slices.Sort(all)
	require.Equal(t, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, all)
}

// TestHandoffs: the handoffs of a POST go on where the walk stands, limited or
// not, and end with the ring.
func TestHandoffs(t *testing.T) {
	f := newFixture(t, func(o *swiftconf.Options) { o.RequestNodeCount = swiftconf.NodeCount{N: 4} })
	_, handoffs := order(f.ring, 5)
	f.Limit(f.ring.Devices()[handoffs[1]])
	it := f.Iter(Request{Ring: f.ring, Partition: 5})
	require.Equal(t, handoffs[0], rest(it)[3].ID)
	got := it.Handoffs(2)
	require.Equal(t, handoffs[1:3], ids(got))
	require.Equal(t, []int{1, 2}, []int{got[0].HandoffIndex, got[1].HandoffIndex})
	require.Equal(t, handoffs[3:], ids(it.Handoffs(100)))
	require.Empty(t, it.Handoffs(1))
	require.Empty(t, f.Iter(Request{Ring: f.ring, Partition: 5}).Handoffs(0))
}

// TestShuffle: each primary is the first in some walks, and handoffs stay behind.
func TestShuffle(t *testing.T) {
	o := swiftconf.DefaultOptions()
	s := New(&o, SelectorOptions{})
	r := buildRing(t, 3, 12)
	primaries, handoffs := order(r, 5)
	first := map[int]int{}
	for range 200 {
		list := ids(rest(s.Iter(Request{Ring: r, Partition: 5})))
		first[list[0]]++
		require.ElementsMatch(t, primaries, list[:3])
		require.Equal(t, handoffs[:3], list[3:])
	}
	require.Len(t, first, 3, "a primary is never first with a chance of 3 in 10^35")
}

func TestSortByTiming(t *testing.T) {
	f := newFixture(t, func(o *swiftconf.Options) { o.SortingMethod = swiftconf.SortTiming })
	d := f.ring.Nodes(5)
	walk := func() []int { return ids(rest(f.Iter(Request{Ring: f.ring, Partition: 5})))[:3] }
	f.Connected(d[0], 30*time.Millisecond)
	f.Connected(d[1], 10*time.Millisecond)
	f.Connected(d[2], 20*time.Millisecond)
	require.Equal(t, []int{d[1].ID, d[2].ID, d[0].ID}, walk())
	f.Connected(d[1], 20*time.Millisecond+400*time.Microsecond)
	require.Equal(t, []int{d[1].ID, d[2].ID, d[0].ID}, walk(), "equal to the millisecond: the order of the shuffle")
	f.clock.advance(f.options.TimingExpiry - 1)
	f.Connected(d[1], time.Millisecond)
	f.clock.advance(1)
	require.Equal(t, []int{d[0].ID, d[2].ID, d[1].ID}, walk(), "servers without a time come first")
}

// TestConnectedWithoutTiming: no table grows where no order needs the times.
func TestConnectedWithoutTiming(t *testing.T) {
	f := newFixture(t, nil)
	f.Connected(disk(1), time.Second)
	require.Nil(t, f.timings)
	f = newFixture(t, func(o *swiftconf.Options) {
		own := o.PolicyOptions
		own.SortingMethod = swiftconf.SortTiming
		o.PerPolicy = map[objstore.PolicyIndex]swiftconf.PolicyOptions{3: own}
	})
	f.Connected(disk(1), time.Second)
	require.Len(t, f.timings.byIP, 1, "a policy needs the times")
}

func TestSortByAffinity(t *testing.T) {
	f := newFixture(t, func(o *swiftconf.Options) {
		own := o.PolicyOptions
		own.SortingMethod = swiftconf.SortAffinity
		var err error
		own.ReadAffinity, err = swiftconf.ParseReadAffinity("r2z1=1, r2=2")
		require.NoError(t, err)
		o.PerPolicy = map[objstore.PolicyIndex]swiftconf.PolicyOptions{3: own}
	})
	policy := objstore.PolicyIndex(3)
	number := func(n Node) int { return f.options.PerPolicy[3].ReadAffinity.Number(n.Device) }
	sorted := 0
	for p := range uint32(f.ring.Partitions()) {
		primaries, handoffs := order(f.ring, p)
		list := rest(f.Iter(Request{Ring: f.ring, Partition: p, Policy: &policy}))
		require.Equal(t, handoffs[:3], ids(list[3:]), "handoffs stay")
		require.True(t, slices.IsSortedFunc(list[:3], func(a, b Node) int { return min(number(a), 3) - min(number(b), 3) }))
		if !slices.Equal(primaries, ids(list[:3])) {
			sorted++
		}
		plain := rest(f.Iter(Request{Ring: f.ring, Partition: p}))
		require.Equal(t, primaries, ids(plain[:3]), "accounts and containers have no policy")
		require.Equal(t, math.MaxInt, f.options.PerPolicy[3].ReadAffinity.Number(&ring.Device{Region: 1}))
	}
	require.Positive(t, sorted)
}

// TestSkipped: limited nodes are left out by Next, and given by Skipped, up to a
// bound.
func TestSkipped(t *testing.T) {
	f := newFixture(t, nil)
	it := f.Iter(Request{Ring: f.ring, Partition: 5})
	_, ok := it.Skipped()
	require.False(t, ok)
	for _, d := range f.ring.Devices() {
		f.Limit(d)
	}
	require.Empty(t, rest(it))
	primaries, handoffs := order(f.ring, 5)
	require.Greater(t, len(primaries)+len(handoffs), SkippedMax*len(primaries))
	var got []Node
	for n, ok := it.Skipped(); ok; n, ok = it.Skipped() {
		got = append(got, n)
	}
	require.Equal(t, append(primaries, handoffs[:len(primaries)*SkippedMax-len(primaries)]...), ids(got))
	_, ok = it.Next()
	require.False(t, ok)
}
