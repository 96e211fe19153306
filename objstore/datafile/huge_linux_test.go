// SPDX-License-Identifier: Apache-2.0

package datafile

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Free buffers keep their memory, up to warmMax of them, and are the first to be
// taken again.
func TestFreeBuffersKeepLittleMemory(t *testing.T) {
	c := &class{bytes: narrowBytes, each: 1, warmMax: 2}
	var taken []*buffer
	for range 3 * hugeBytes / narrowBytes {
		b := c.take()
		b.bytes[0], b.bytes[len(b.bytes)-1] = 1, 1
		taken = append(taken, b)
	}
	for _, b := range taken {
		c.put(b)
	}
	for i := range taken {
		b := c.take()
		kept := b.bytes[0] == 1
		require.Equal(t, i < c.warmMax, kept)
		require.Equal(t, kept, b.bytes[len(b.bytes)-1] == 1)
	}
	require.Empty(t, c.cold) // and no more were made
}
