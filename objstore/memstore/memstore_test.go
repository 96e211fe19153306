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

func TestConformance(t *testing.T) { storetest.Run(t, open) }

// TestRandom shows that the model agrees with itself: that no operation's result
// depends on a map's order or on the clock.
func TestRandom(t *testing.T) {
	storetest.RunRandom(t, open, 1, 400)
	storetest.RunRandom(t, open, time.Now().UnixNano(), 80, storetest.LargeSizes...)
}

func BenchmarkStore(b *testing.B) {
	storetest.Benchmark(b, func(*testing.B) objstore.Store { return memstore.New(memstore.Options{}) })
}
