// SPDX-License-Identifier: Apache-2.0

package nodes

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"needletail/objstore/cluster/swiftconf"
)

// TestLocalFirst: a PUT goes to local nodes, primaries and handoffs, before
// others, and no node is left out or given out twice.
func TestLocalFirst(t *testing.T) {
	for _, count := range []int{1, 2, 4, 6, 50} {
		f := newFixture(t, func(o *swiftconf.Options) {
			o.WriteAffinity = writeAffinity(t, "r1")
			o.WriteAffinityNodeCount = swiftconf.NodeCount{N: count}
			o.RequestNodeCount = swiftconf.NodeCount{N: 50}
		})
		for p := range uint32(f.ring.Partitions()) {
			primaries, handoffs := order(f.ring, p)
			all := slices.Concat(primaries, handoffs)
			local := func(id int) bool { return f.ring.Devices()[id].Region == 1 }
			var want []int
			for _, id := range all {
				if local(id) && len(want) < count {
					want = append(want, id)
				}
			}
			for _, id := range all {
				if !slices.Contains(want, id) {
					want = append(want, id)
				}
			}
			list := rest(f.Iter(Request{Ring: f.ring, Partition: p, Order: LocalFirst}))
			require.Equal(t, want, ids(list), "partition %d, %d local nodes", p, count)
			for _, n := range list {
				if i := slices.Index(primaries, n.ID); i >= 0 {
					require.Equal(t, i, n.Index)
					require.Equal(t, -1, n.HandoffIndex)
				} else {
					require.Equal(t, slices.Index(handoffs, n.ID), n.HandoffIndex)
					require.Equal(t, -1, n.Index)
				}
			}
			require.Equal(t, all, ids(rest(f.Iter(Request{Ring: f.ring, Partition: p}))), "a GET")
		}
	}
}

// TestLocalFirstSortsAsManyAsThereArePrimaries: Swift shuffles the first nodes,
// local handoffs among them.
func TestLocalFirstSortsAsManyAsThereArePrimaries(t *testing.T) {
	o := swiftconf.DefaultOptions()
	o.WriteAffinity = writeAffinity(t, "r1")
	s := New(&o, SelectorOptions{Shuffle: func(n int, swap func(i, j int)) {
		for i := range n / 2 {
			swap(i, n-1-i)
		}
	}})
	f := newFixture(t, func(o *swiftconf.Options) { o.WriteAffinity = writeAffinity(t, "r1") })
	for p := range uint32(f.ring.Partitions()) {
		want := ids(rest(f.Iter(Request{Ring: f.ring, Partition: p, Order: LocalFirst})))
		got := s.Iter(Request{Ring: f.ring, Partition: p, Order: LocalFirst})
		require.Equal(t, 3, got.Primaries())
		slices.Reverse(want[:3])
		require.Equal(t, want, ids(rest(got)))
	}
}

// TestLocalHandoffs: a DELETE goes to the primaries and to as many local
// handoffs as primaries lie elsewhere, or as the option says.
func TestLocalHandoffs(t *testing.T) {
	for _, count := range []int{swiftconf.AutoDeleteCount, 0, 2, 50} {
		f := newFixture(t, func(o *swiftconf.Options) {
			o.WriteAffinity = writeAffinity(t, "r2")
			o.WriteAffinityHandoffDeleteCount = count
			o.RequestNodeCount = swiftconf.NodeCount{N: 50}
		})
		for p := range uint32(f.ring.Partitions()) {
			primaries, handoffs := order(f.ring, p)
			wanted := count
			if count == swiftconf.AutoDeleteCount {
				wanted = 0
				for _, id := range primaries {
					if f.ring.Devices()[id].Region != 2 {
						wanted++
					}
				}
			}
			var local, others []int
			for _, id := range handoffs {
				if f.ring.Devices()[id].Region == 2 && len(local) < wanted {
					local = append(local, id)
				} else {
					others = append(others, id)
				}
			}
			q := Request{Ring: f.ring, Partition: p, Order: LocalHandoffs}
			require.Equal(t, wanted, f.HandoffDeletes(q))
			require.Equal(t, slices.Concat(primaries, local, others), ids(rest(f.Iter(q))))
		}
	}
}

func TestOrdersWithoutAffinity(t *testing.T) {
	f := newFixture(t, nil)
	primaries, handoffs := order(f.ring, 5)
	for _, o := range []Order{AnyRegion, LocalFirst, LocalHandoffs} {
		q := Request{Ring: f.ring, Partition: 5, Order: o}
		require.Equal(t, slices.Concat(primaries, handoffs[:3]), ids(rest(f.Iter(q))))
		require.Zero(t, f.HandoffDeletes(q))
	}
}
