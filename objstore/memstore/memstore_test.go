// SPDX-License-Identifier: Apache-2.0

package memstore_test

import (
	"testing"
	"time"

	"needletail/objstore"
	"needletail/objstore/memstore"
	"needletail/objstore/storetest"
)

func open(*testing.T) objstore.Store {
	return memstore.New(memstore.Options{Policies: storetest.Policies()})
}

// opener opens stores that keep other promises.
func opener(g objstore.Guarantees) func(*testing.T) objstore.Store {
	return func(*testing.T) objstore.Store {
		return memstore.New(memstore.Options{Policies: storetest.Policies(), Guarantees: &g})
	}
}

func TestConformance(t *testing.T) { storetest.Run(t, open) }

// TestWithheldPromises runs the suite on stores that keep no promise, and that
// break a single promise: no case may rely on a promise that a store does not
// make.
func TestWithheldPromises(t *testing.T) {
	t.Run("all", func(t *testing.T) { storetest.Run(t, opener(objstore.Guarantees{SwiftLayout: true})) })
	for name, withhold := range map[string]func(*objstore.Guarantees){
		"ExactCounts":     func(g *objstore.Guarantees) { g.ExactCounts = false },
		"ListedAtOnce":    func(g *objstore.Guarantees) { g.ListedAtOnce = false },
		"CompareAtCommit": func(g *objstore.Guarantees) { g.CompareAtCommit, g.LastCommitWins = false, false },
		"StableObjects":   func(g *objstore.Guarantees) { g.StableObjects = false },
	} {
		g := objstore.Strict()
		withhold(&g)
		t.Run(name, func(t *testing.T) { storetest.Run(t, opener(g)) })
	}
}

// TestRandom shows that the model agrees with itself: that no operation's result
// depends on a map's order or on the clock.
func TestRandom(t *testing.T) {
	storetest.RunRandom(t, open, 1, 400)
	storetest.RunRandom(t, open, time.Now().UnixNano(), 80, storetest.LargeSizes...)
	storetest.RunRandom(t, opener(objstore.Guarantees{SwiftLayout: true}), time.Now().UnixNano(), 200)
}

func BenchmarkStore(b *testing.B) {
	storetest.Benchmark(b, func(*testing.B) objstore.Store { return memstore.New(memstore.Options{}) })
}
