// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"sync"
	"sync/atomic"
	"testing"
)

// TestGate: close waits for what runs, and nothing runs after it.
func TestGate(t *testing.T) {
	for range 200 {
		var g gate
		var running atomic.Int32
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for g.enter() {
					running.Add(1)
					running.Add(-1)
					g.leave()
				}
			})
		}
		closed := make(chan bool, 2)
		for range 2 {
			wg.Go(func() {
				first := g.close()
				if n := running.Load(); first && n != 0 {
					t.Errorf("%d operations run after close", n)
				}
				closed <- first
			})
		}
		wg.Wait()
		if a, b := <-closed, <-closed; a == b {
			t.Fatalf("of two calls of close, %v and %v were the first", a, b)
		}
		if g.enter() || g.close() {
			t.Fatal("the gate opened again")
		}
	}
}
