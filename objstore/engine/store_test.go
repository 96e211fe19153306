package engine

import (
	"testing"

	"needletail/objstore"
	"needletail/objstore/storetest"
)

func TestStore(t *testing.T) {
	for name, inline := range map[string]int{"default": 0, "all in files": -1, "small inline": 4096} {
		t.Run(name, func(t *testing.T) {
			storetest.Run(t, func(t *testing.T) objstore.Store {
				e := openTest(t, t.TempDir(), Options{InlineMaxBytes: inline})
				t.Cleanup(func() { _ = e.Close() }) // closed already, as a rule
				return e
			})
		})
	}
}
