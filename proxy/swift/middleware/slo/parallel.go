// SPDX-License-Identifier: Apache-2.0

package slo

import "sync"

// parallel calls f with 0 to n-1, up to limit of them at once, and waits for
// them. A panic of f comes out of parallel.
func parallel(limit, n int, f func(int)) {
	var (
		wg     sync.WaitGroup
		once   sync.Once
		failed any
	)
	slots := make(chan struct{}, max(1, limit))
	for i := range n {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() {
				if v := recover(); v != nil {
					once.Do(func() { failed = v })
				}
				<-slots
			}()
			f(i)
		})
	}
	wg.Wait()
	if failed != nil {
		panic(failed)
	}
}
