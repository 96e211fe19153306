package memstore_test

import (
	"testing"

	"needletail/objstore"
	"needletail/objstore/memstore"
	"needletail/objstore/storetest"
)

func open(*testing.T) objstore.Store {
	return memstore.New(memstore.Options{Policies: storetest.Policies()})
}

func TestConformance(t *testing.T) { storetest.Run(t, open) }

func BenchmarkStore(b *testing.B) {
	storetest.Benchmark(b, func(*testing.B) objstore.Store { return memstore.New(memstore.Options{}) })
}
