// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// As many writes as allowed wait for their last servers; the next is cut short.
func TestLateWritesAreBounded(t *testing.T) {
	s := &Store{stragglers: make(chan struct{}, 2), quit: make(chan struct{})}
	results := make(chan *answer)
	ended := make(chan int, 3)
	for i := range 3 {
		leave(s, func() { ended <- i }, results, 1)
	}
	require.Equal(t, 2, <-ended, "the third")
	require.Empty(t, ended)
	results <- nil // a late answer makes room
	first := <-ended
	leave(s, func() { ended <- 3 }, results, 1)
	require.Empty(t, ended)
	close(s.quit)
	s.running.Wait()
	require.ElementsMatch(t, []int{1 - first, 3}, []int{<-ended, <-ended})
}
